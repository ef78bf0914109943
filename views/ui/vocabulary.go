package ui

import "github.com/kartify/kartify/lang"

// vocabulary are the words that the database knows states, kinds and outcomes by, as Words writes them, that no
// list of states in the code names: the catalogs take them from here.
var _ = []lang.Text{
	lang.Textf("Abandoned"), lang.Textf("Absent"), lang.Textf("API"), lang.Textf("Arrived"), lang.Textf("Asking"), lang.Textf("Blocked"),
	lang.Textf("Bulk"), lang.Textf("Call"), lang.Textf("COD"), lang.Textf("Confirm"), lang.Textf("Confirm payment"), lang.Textf("Created"),
	lang.Textf("Data request"), lang.Textf("Declined"), lang.Textf("Default"), lang.Textf("EMI"), lang.Textf("First stage"),
	lang.Textf("Invoice"), lang.Textf("Lookup"), lang.Textf("Lost"), lang.Textf("Misconfigured"), lang.Textf("Netbanking"),
	lang.Textf("One stage"), lang.Textf("Partner"), lang.Textf("Plan"), lang.Textf("Provider"), lang.Textf("Refund session"),
	lang.Textf("Resend"), lang.Textf("Same"), lang.Textf("Sandbox"), lang.Textf("Second stage"), lang.Textf("Shop"), lang.Textf("Skip"),
	lang.Textf("Staff"), lang.Textf("Timeout"), lang.Textf("Two stage"), lang.Textf("Unavailable"), lang.Textf("UPI"),
}
