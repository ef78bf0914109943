package models

import (
	"cmp"

	"github.com/kartify/kartify/gateways"
)

// Why says in a code and a sentence why an attempt to pay is not complete: the provider's own word, where it has one,
// and what that means. Both are empty for one that is.
func (s *FyndSessionState) Why(i int) (code, sentence string) {
	p := &s.Payments[i]
	code = cmp.Or(p.ProviderStatus, string(p.Status))
	switch {
	case s.Words[i] == FyndComplete:
		return "", ""
	case s.Words[i] == FyndFailed && p.VoidedAt != nil:
		return code, "The authorization was given back."
	case s.Words[i] == FyndFailed && p.Status == PaymentCanceled:
		return code, "The payment was not completed."
	case s.Words[i] == FyndFailed:
		return code, "The payment was declined."
	case p.Status == PaymentAuthorized:
		return code, "The money is held, and not drawn yet."
	case s.doubts[p.ID] != gateways.NoDoubt:
		return code, "The gateway does not say whether the buyer's account was debited. It is asked again."
	case p.Waits() == gateways.ForConsent:
		return code, "The payment needs action of the buyer: the bank asks to confirm it (3-D Secure)."
	case p.Waits() == gateways.ForBank:
		return code, "The bank has not answered yet."
	case p.Waits() == gateways.ForProvider:
		return code, "The gateway is still checking the payment."
	}
	return code, "The gateway waits for the buyer, whom the bank may ask to confirm the payment (3-D Secure)."
}
