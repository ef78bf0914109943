package views

import "github.com/kartify/kartify/gateways"

// waitWords say to those who work in the shop what a pending payment waits for.
func waitWords(wait gateways.Wait) string {
	return map[gateways.Wait]string{
		gateways.ForBuyer:    "waits for the buyer, who has not finished paying",
		gateways.ForConsent:  "waits for the buyer’s confirmation at the bank",
		gateways.ForBank:     "waits for the bank’s answer",
		gateways.ForProvider: "waits for the provider’s own check",
	}[wait]
}

// waitAdvice says to the buyer what his payment waits for.
func waitAdvice(wait gateways.Wait) string {
	return map[gateways.Wait]string{
		gateways.ForConsent:  "Your bank waits for your confirmation: in its app, or by the code it sent you.",
		gateways.ForBank:     "Your bank has not answered yet.",
		gateways.ForProvider: "The payment service is still checking this payment. That can take a day.",
	}[wait]
}
