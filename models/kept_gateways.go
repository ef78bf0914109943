package models

import "github.com/kartify/kartify/lang"

// What the drivers of gateways say went wrong, where values stand in it. It is stored with operations and payments
// in English, as evidence, and read in every language. Sentences without values need no line here.
var _ = lang.Keep(
	lang.Textf("%s CCAvenue says: %s"), lang.Textf("%s Fynd says: %s"), lang.Textf("%s Razorpay says: %s"), lang.Textf("%s Svea says: %s"),
	lang.Textf("PayKeeper refused this. It says: %s"), lang.Textf("%s Klarna reference %s."),

	lang.Textf("The address of %s is not a public one; nothing was sent."), lang.Textf("The address of %s is not usable; nothing was sent."),
	lang.Textf("%s showed a certificate that is not trusted; nothing was sent."), lang.Textf("%s could not be reached; nothing was sent. It is tried again."),
	lang.Textf("%s did not answer within %s. %s"), lang.Textf("The connection to %s broke before its answer came. %s"),
	lang.Textf("%s does not accept these credentials. Check them in its settings."), lang.Textf("%s asks for fewer calls; nothing happened. It is tried again."),
	lang.Textf("%s had a fault of its own. %s"), lang.Textf("%s pointed elsewhere, which is not followed. %s"), lang.Textf("%s answered in a way it does not document. %s"),
	lang.Textf("%s answered something that could not be understood. %s"), lang.Textf("%s answered more than can be read. %s"),
	lang.Textf("%s needs its %s."), lang.Textf("%s is not one of the choices."),

	lang.Textf("%s answered with %s, and %s was asked for."), lang.Textf("%s answered with %s where %s was asked."), lang.Textf("%s has confirmed another amount than the %s asked for."),
	lang.Textf("%s holds more than one refund with the reference %s."), lang.Textf("%s holds more than one refund with the receipt %s. %s"), lang.Textf("%s holds a refund of %s where %s was asked."),
	lang.Textf("%s says “%s”, which is not a state we know."), lang.Textf("Its order cannot be read: %s."), lang.Textf("Its amount cannot be read: %s."),
	lang.Textf("Fynd does not know the refund status %s."), lang.Textf("Fynd does not know the payment status %s."),

	lang.Textf("Klarna lists something else under the reference %s than was asked. %s"), lang.Textf("%s holds %s of this order, not %s. Reload the order and try again."), lang.Textf("%s holds %s of this order, not %s. Reload the order."),
	lang.Textf("This %s order is in %s."), lang.Textf("Klarna refused this for a reason it does not document (%s). It is looked up before anything else is done."),
	lang.Textf("Klarna lists more than one %s with the reference %s. %s"), lang.Textf("Klarna lists another id under the reference %s than it gave before. %s"), lang.Textf("Klarna lists %s where %s was asked. %s"),
	lang.Textf("%s needs the buyer's country to begin a payment in %s."),

	lang.Textf("PayKeeper shows more than one refund of %s since this was sent. %s"), lang.Textf("PayKeeper shows several refunds since this was sent, and none of them is of %s. %s"),
	lang.Textf("PayKeeper gives the whole hold of %s back, not a part of it."), lang.Textf("PayKeeper draws the whole hold of %s. Draw it, then refund what is not wanted."),

	lang.Textf("A first part of this was carried out at Svea, and then: %s Compare the order in Payment Admin."), lang.Textf("Svea shows that %s moved where %s was asked. Compare the order in Payment Admin."),
	lang.Textf("Svea does not offer to deliver this order now. %s"), lang.Textf("Nothing of this order is open at Svea that could be cancelled. %s"), lang.Textf("Svea does not offer to cancel the rest of this order now. %s"),
	lang.Textf("Svea does not offer to change this order now. %s"), lang.Textf("Svea can only lower the amount of this payment, below %s."), lang.Textf("Svea shows %s of this order left to return. Reload the order."),
	lang.Textf("Svea does not offer a credit of this order now: an earlier credit may be under way, or the payment is not settled yet. Try again later, or credit it in Payment Admin. %s"),
	lang.Textf("At Svea it is %s and %s."), lang.Textf("At Svea it is %s."),
	lang.Textf("Svea credits each delivery by itself, and none of them has %s left that it would credit so. Credit them one by one."),
)

// What stands before the words of a provider, and what a driver puts behind its sentence: where a person compares
// the payment.
var _ = []lang.Text{
	lang.Textf("CCAvenue refused this with a code it does not document. It is looked up before anything else is done."), lang.Textf("Fynd did not confirm the payment."),
	lang.Textf("Compare the payment in the CCAvenue dashboard."), lang.Textf("Compare the order in the Klarna portal."), lang.Textf("Compare the payment in the PayKeeper cabinet."),
	lang.Textf("Compare the payment in the Razorpay dashboard."), lang.Textf("Compare them in the Razorpay dashboard."),
}
