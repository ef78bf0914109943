package views

import (
	"context"
	"net/url"
	"unicode"
	"unicode/utf8"

	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/models"
)

// reconciledName is how an order stands in the comparisons, as a chip has it: "differs".
func reconciledName(as models.ReconciledAs) string {
	return map[models.ReconciledAs]lang.Text{
		models.ReconciledAgrees: lang.Textf("agrees with the gateway"), models.ReconciledDiffers: lang.Textf("differs"), models.ReconciledNotYet: lang.Textf("paid, and not compared yet"),
	}[as].Format
}

// reconciledWith is what a payment was compared with.
func reconciledWith(ctx context.Context, done *models.Reconciled) string {
	if done.Source == models.FromGateway {
		return lang.T(ctx, "with the gateway’s own list")
	}
	return lang.T(ctx, "with %s", done.FileName)
}

// reconciledWords is what a comparison found.
func reconciledWords(ctx context.Context, done *models.Reconciled) string {
	words := lang.T(ctx, classLabel(done.Class))
	first, size := utf8.DecodeRuneInString(words)
	words = string(unicode.ToLower(first)) + words[size:]
	switch {
	case done.Class == models.RowAgree:
		return lang.T(ctx, "agrees")
	case done.State == "open":
		return lang.T(ctx, "%s, not resolved", words)
	}
	return lang.T(ctx, "%s, resolved", words)
}

// reconciledPath leads to what a comparison says of such orders.
func reconciledPath(done *models.Reconciled) string {
	path := ReconciliationPath(done.ReconciliationID)
	if done.Class != models.RowAgree {
		path += "?" + url.Values{"class": {string(done.Class)}}.Encode()
	}
	return path
}
