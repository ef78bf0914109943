package svea

import (
	"bytes"
	"cmp"
	"net/http"

	"github.com/kartify/kartify/gateways"
)

// errorBody is Svea's refusal, in either of two shapes; it may also be empty (Svea docs, errors; svea-sdk-dotnet).
type errorBody struct {
	Message      string `json:"Message"`
	ErrorMessage string `json:"errorMessage"`
	Errors       []struct {
		Field        string `json:"Field"`
		ErrorMessage string `json:"ErrorMessage"`
	} `json:"Errors"`
}

// explain reads a refusal. Svea's texts are not documented: they are shown, and only the status decides.
func explain(e *gateways.Error, raw []byte) {
	var body errorBody
	raw = bytes.TrimPrefix(raw, byteOrderMark)
	readable := len(raw) == 0 || gateways.DecodeJSON(raw, &body) == nil
	said := cmp.Or(body.ErrorMessage, body.Message)
	if len(body.Errors) > 0 {
		said = cmp.Or(body.Errors[0].ErrorMessage, said)
		e.Code = body.Errors[0].Field
	}
	switch {
	case e.Status == http.StatusUnauthorized:
		e.Message = "Svea does not accept the merchant id and its secret. Check both under Extensions > Payment, and whether this server's clock is right."
	case e.Status == http.StatusForbidden:
		e.Message = "Svea says that this belongs to another merchant. Check Merchant id under Extensions > Payment."
	case e.Status == http.StatusNotFound && readable:
		e.Kind, e.Message = gateways.Declined, "Svea does not know this order. It may belong to the other mode, or the buyer has not finished."
	case e.Status == http.StatusBadRequest && readable:
		e.Kind, e.Message = gateways.Declined, "Svea refused this; nothing was moved. Reload the order to see what Svea offers for it now."
	}
	if said != "" {
		e.Message += " Svea says: " + said
	}
}
