package views

import (
	"net/url"
	"strings"

	"github.com/kartify/kartify/models"
)

// reconciledName is how an order stands in the comparisons, as a chip has it: "differs".
func reconciledName(as models.ReconciledAs) string {
	return map[models.ReconciledAs]string{
		models.ReconciledAgrees: "agrees with the gateway", models.ReconciledDiffers: "differs", models.ReconciledNotYet: "paid, and not compared yet",
	}[as]
}

// reconciledWith is what a payment was compared with.
func reconciledWith(done *models.Reconciled) string {
	if done.Source == models.FromGateway {
		return "with the gateway’s own list"
	}
	return "with " + done.FileName
}

// reconciledWords is what a comparison found.
func reconciledWords(done *models.Reconciled) string {
	words := strings.ToLower(classWords[done.Class].label[:1]) + classWords[done.Class].label[1:]
	switch {
	case done.Class == models.RowAgree:
		return "agrees"
	case done.State == "open":
		return words + ", not resolved"
	}
	return words + ", resolved"
}

// reconciledPath leads to what a comparison says of such orders.
func reconciledPath(done *models.Reconciled) string {
	path := ReconciliationPath(done.ReconciliationID)
	if done.Class != models.RowAgree {
		path += "?" + url.Values{"class": {string(done.Class)}}.Encode()
	}
	return path
}
