package models

import "github.com/kartify/kartify/gateways"

// Waits is what a pending payment waits for, as the provider said: the buyer's confirmation at the bank (3-D
// Secure), the bank, or a check of the provider's own. It is NoWait for every other payment.
func (p *Payment) Waits() gateways.Wait { return waits(p.Status, p.WaitsFor) }

func waits(status PaymentStatus, said gateways.Wait) gateways.Wait {
	if status != PaymentPending {
		return gateways.NoWait
	}
	return said
}
