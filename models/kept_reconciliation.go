package models

import "github.com/kartify/kartify/lang"

// Why nothing was compared, where values stand in it: stored with the reconciliation in English.
var _ = lang.Keep(
	lang.Textf("%s could not be asked for %s: %s No payment is taken for absent because of that. Nothing is in yet."),
	lang.Textf("%s could not be asked for %s: %s No payment is taken for absent because of that. The days before are in; Try again goes on behind them."),
	lang.Textf("%s cannot be asked: %s."),
	lang.Textf("The file has more than %d rows; split it."), lang.Textf("The Excel file has %d MB; save it as CSV, which may have up to %d MB."),
	lang.Textf("Row %d cannot be read: %v. Quotation marks within a cell are doubled, and the cell stands in quotation marks."),
	lang.Textf("Row %d of the sheet cannot be read: %v."), lang.Textf("Row %d has more than %d columns."), lang.Textf("Row %d: %v"),
	lang.Textf("The file says that its %s rows come to %s, but they add up to %s. Rows are missing; download it again."),
	lang.Textf("The mapping %q needs columns that this file does not have. Its headings look like: %s."),
	lang.Textf("This file is not recognised. Its headings look like: %s. Say what they mean in a mapping of your own, and upload it with that."),
)
