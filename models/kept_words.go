package models

import "github.com/kartify/kartify/lang"

// What is written into histories, effects of webhooks and causes of failures with values in it. It is stored in
// English, as evidence, and read in every language.
var _ = lang.Keep(
	lang.Textf("%s was recorded."), lang.Textf("%s was recorded before."), lang.Textf("%s of request %s was known already."),
	lang.Textf("The same as webhook %s; nothing happened again."), lang.Textf("No order %s is known here yet."),
	lang.Textf("Refused, as were %d more like it within the hour, which were not stored."), lang.Textf("It could not be acted upon in %d tries: %s"),
	lang.Textf("Applied again: %s"),
	lang.Textf("The shop answered %s instead of 200."), lang.Textf("The shop answered %s and sent us elsewhere, which is not followed."),
	lang.Textf("The shop did not answer within %s."), lang.Textf("No name server knows %s."),
	lang.Textf("The shop was told of the payment of %s, at attempt %d of %d."), lang.Textf("The shop could not be told of the payment of %s in %d attempts. %s"),
	lang.Textf("The shop is not told of the payment any more. %s"),
	lang.Textf("Amount update to %s requested."), lang.Textf("Amount update to %s requested: %s."), lang.Textf("%s of %s requested."), lang.Textf("%s of %s requested: %s."),
	lang.Textf("%s of %s accepted by the gateway as %s (%s)."), lang.Textf("%s of %s accepted by the gateway (%s)."),
	lang.Textf("%s of %s done as %s (%s)."), lang.Textf("%s of %s done (%s)."), lang.Textf("%s of %s failed as %s (%s). %s"), lang.Textf("%s of %s failed (%s). %s"),
	lang.Textf("%s of %s failed as %s (%s)."), lang.Textf("%s of %s failed (%s)."),
	lang.Textf("%s of %s sent, but the gateway's answer did not come; it is being looked up."), lang.Textf("%s of %s needs a person. %s"),
	lang.Textf("Payment %s of %s: %s. (%s)"),
	lang.Textf("%s, request %s, %s."), lang.Textf("%s, request %s, %s"), lang.Textf("%s, request %s."), lang.Textf("%s, request %s"),
	lang.Textf("Fynd was told %s for request %s."), lang.Textf("Fynd was told %s for the payment of %s."), lang.Textf("Fynd was told %s for the payment, which is held."), lang.Textf("Fynd did not confirm the payment of %s. %s"),
	lang.Textf("Confirm Payment of %s asked for; Fynd is being told."), lang.Textf("Confirm Payment of %s asked for again; Fynd is being told."),
	lang.Textf("Fynd confirmed the payment of %s."), lang.Textf("Request %s of Fynd waits for a person. %s"), lang.Textf("Placed at Fynd as %s."),
	lang.Textf("The buyer was sent to %s to pay %s, as %s."), lang.Textf("%s of %s made at %s as %s, not from here."), lang.Textf("%s of %s made at %s, not from here."),
	lang.Textf("The authorization of %s ran out without being captured: the money went back to the customer."), lang.Textf("%s had the shop told of the payment of %s."),
	lang.Textf("The order now comes to %s: %s."),
	lang.Textf("Fynd does not accept the refresh token any more. Its seller opens the extension in Fynd once more, and it is installed anew. %s"),
	lang.Textf("%s #%d of %s was decided: It happened. %s"), lang.Textf("%s #%d of %s was decided: It did not happen. %s"),
	lang.Textf("Somebody looked at the gateway and decided that it did not happen: %s"),
	lang.Textf("The mail server said: %s"), lang.Textf("The mail server had the whole message and did not say whether it takes it: %s."),
	lang.Textf("The mail server %s offers no STARTTLS, and messages are not sent in the clear."),
	lang.Textf("The mail server %s lets nobody sign in by PLAIN or LOGIN; it offers: %s."),
)

// The same without values, and how something came to be known.
var _ = []lang.Text{
	lang.Textf("Order placed."), lang.Textf("Created through the API."), lang.Textf("It carries no signature of a store here."),
	lang.Textf("It carries no signature of an extension here."), lang.Textf("answer"), lang.Textf("look-up"), lang.Textf("webhook"), lang.Textf("Cancellation"), lang.Textf("cancellation"), lang.Textf("amount update"), lang.Textf("cancel or credit"), lang.Textf("update the amount"),
	lang.Textf("Fynd did not accept the access token. A new one is asked for."),
	lang.Textf("A payment link was made."), lang.Textf("The payment link was revoked."), lang.Textf("The planned capture was cancelled."),
	lang.Textf("awaiting payment"), lang.Textf("authorized"), lang.Textf("received"), lang.Textf("completed"), lang.Textf("completed, not notified"), lang.Textf("refunding"),
	lang.Textf("refunded"), lang.Textf("partially refunded"), lang.Textf("canceled"), lang.Textf("failed"), lang.Textf("it closed the line"),
}
