package models

import "github.com/kartify/kartify/lang"

// What webhooks came to, and why an operation is doubted or waits for a person, with values in it. These come after
// those of kept_words.go: "Refund of %s, %s" fits some of them, too.
var _ = lang.Keep(
	lang.Textf("The gateway named %s for this operation and then %s: it may have moved money twice."),
	lang.Textf("A webhook says that this %s, but the gateway does not know it when asked."),
	lang.Textf("The gateway first said %s and later %s."),
	lang.Textf("The gateway says this was done after it had said it was not, and %s is no longer free on the payment."),
	lang.Textf("The %s speaks of %s, but %s was asked for."),
	lang.Textf("The gateway did not carry it out: %s"),
	lang.Textf("The gateway has not finished this for %s days."),
	lang.Textf("The amount was changed from %s to %s at %s, not from here."),
	lang.Textf("Withdrawn before it was sent: the payment was changed at %s in the meantime."),
	lang.Textf("Payment %s of %s: %s at Fynd."),
	lang.Textf("No order here knows the payment %s yet."),
	lang.Textf("The payment could not be looked up yet: %s"),
	lang.Textf("The payment could not be looked up: %s"),
	lang.Textf("Everything it says was known already: the %s of %s is %s."),
	lang.Textf("A refund of %s failed at the gateway; it was not asked for here and moved nothing."),
	lang.Textf("The gateway returned %s without being asked from here, and %s is reserved by a refund under way. It waits for that one."),
	lang.Textf("The gateway returned %s of a payment that is not known to be captured yet."),
	lang.Textf("The gateway was asked after this came, because of webhook %d. %s"),
	lang.Textf("The gateway could not be asked yet: %s Nothing was changed."),
	lang.Textf("The gateway was asked and did not tell: %s Nothing was changed."),
	lang.Textf("It asks for %s %s, but the order is in %s."),
	lang.Textf("Its amount %s fits the order only when read as %s; check it before refunding."),
	lang.Textf("Its amount %s does not fit the order's total of %s; ask Fynd before refunding."),
	lang.Textf("Fynd asks for %s as %s, but this order is in %s. The payment was refused."),
	lang.Textf("Fynd asks for a refund of %s of %s as request %s, but %s: one of them is in another unit. The refund was refused."), lang.Textf("Fynd asks for a refund of %s of %s as request %s, but %s. The refund was refused."),
	lang.Textf("only %s is left"), lang.Textf("it was for %s before"), lang.Textf("%s goes back for it"),
	lang.Textf("Fynd asks for %s as %s, but this order comes to %s: one of them is in another unit. The payment was refused."),
	lang.Textf("Fynd asks for %s as %s, but this order comes to %s. The payment was refused."),
	lang.Textf("Fynd asks for %s as %s, but this order is paid. The payment was refused."),
	lang.Textf("Fynd asks for %s as %s, but this order is %s. The payment was refused."),
	lang.Textf("Seen, and left as %s: %s"),
	lang.Textf("Somebody looked at the gateway and decided that it did not happen: %s"),
	lang.Textf("Refund of %s, %s"),
)

// The same without values.
var _ = []lang.Text{
	lang.Textf("The gateway did not carry it out."),
	lang.Textf("The gateway says this was not done after it had said it was, but more has been built on it since."),
	lang.Textf("The gateway says this was done, but other things were done to the payment at the same time. Compare the payment in its portal."),
	lang.Textf("The program stopped while the gateway was being called; it is asked what happened."),
	lang.Textf("The gateway took this on and does not show it. Somebody must look at what it lists and decide whether it happened."),
	lang.Textf("The gateway's answer did not come, and the gateway does not know this operation. Somebody must look at what it lists and decide whether it happened."),
	lang.Textf("It speaks of no order and is not used here."),
	lang.Textf("This event is not used here."),
	lang.Textf("Everything it says was known already."),
	lang.Textf("It contradicts what is known, and the gateway does not know the operation when asked; nothing was changed."),
	lang.Textf("The gateway knows of no payment like this when asked. Nothing was changed."),
}
