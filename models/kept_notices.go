package models

import "github.com/kartify/kartify/lang"

// What came of telling a shop. It is stored in English, as evidence, and read in every language.
var _ = lang.Keep(
	lang.Textf("The shop could not be reached: %s."), lang.Textf("No connection was made: %s."), lang.Textf("The message could not be written: %s."),
	lang.Textf("The payment is %s; there is nothing to tell any more."),
)

// The same without values.
var _ = []lang.Text{
	lang.Textf("The shop closed the connection without an answer."), lang.Textf("The address cannot be read."),
	lang.Textf("The shop answered 200, but with more than 64 KiB instead of OK and the digest."),
	lang.Textf("The shop answered 200, but its answer is not OK and the digest of the payment's id and the secret word."),
	lang.Textf("The attempt was cut short here; nobody knows whether the shop heard it."), lang.Textf("Notifications of this store were switched off."),
}
