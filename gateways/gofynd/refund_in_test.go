package gofynd

import (
	"strings"
	"testing"

	"github.com/kartify/kartify/money"
)

// The body of Fynd's own sample.
const refundBody = `{"gid":"TR64D4E4250DB0CBEF1D","pf_order_id":"FY64D4E4250DB0CBEF1D","request_id":"16916747740991418099","app_id":"64d24a8a911bf1c20ac3685c",` +
	`"amount":23000,"currency":"INR","status":"initiate","journey_type":"CANCEL/RETURN"}`

func TestReadRefund(t *testing.T) {
	want := RefundIn{
		GID: "TR64D4E4250DB0CBEF1D", RequestID: "16916747740991418099", PFOrderID: "FY64D4E4250DB0CBEF1D", ApplicationID: "64d24a8a911bf1c20ac3685c",
		Amount: money.New(23000, "INR"), JourneyType: "CANCEL/RETURN",
	}
	for name, change := range map[string][2]string{
		"the sample":             {},
		"a number of 20 digits":  {`"16916747740991418099"`, `16916747740991418099`},
		"a sum as text":          {`:23000`, `:"23000"`},
		"as Python writes it":    {`:23000`, `:23000.0`},
		"members nobody knows":   {`"status"`, `"object":"refund","meta":{"a":1},"status"`},
		"the order's other name": {`pf_order_id`, `fynd_platform_id`},
		"an empty doubled one":   {`"amount"`, `"amount":"","amount"`},
		"another word of status": {`"initiate"`, `"refund_initiated"`},
		"small letters":          {`"INR"`, `"inr"`},
	} {
		got, err := ReadRefund([]byte(strings.Replace(refundBody, change[0], change[1], 1)))
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	for name, change := range map[string][3]string{
		"no gid":            {`"gid":"TR64D4E4250DB0CBEF1D",`, ``, "The body lacks gid."},
		"no request":        {`"request_id":"16916747740991418099",`, ``, "The body lacks request_id."},
		"an empty request":  {`"16916747740991418099"`, `""`, "The body lacks request_id."},
		"no sum":            {`"amount":23000,`, ``, "The body lacks amount."},
		"no currency":       {`"INR"`, `null`, "The body lacks currency."},
		"rupees":            {`23000`, `"230.00"`, "not a whole number"},
		"a fraction":        {`23000`, `230.5`, "not a whole number"},
		"a power":           {`23000`, `23e3`, "not a whole number"},
		"nothing":           {`23000`, `0`, "not a whole number"},
		"less":              {`23000`, `-1`, "not a whole number"},
		"two sums":          {`"amount":23000`, `"amount":1,"amount":23000`, "twice"},
		"two requests":      {`"app_id"`, `"request_id":"1","app_id"`, "twice"},
		"a way out":         {`"TR64D4E4250DB0CBEF1D"`, `"../TR1"`, "no ID"},
		"no currency known": {`"INR"`, `"ZZZ"`, "not a currency"},
		"no object":         {refundBody, `[]`, "not a JSON object"},
	} {
		if _, err := ReadRefund([]byte(strings.Replace(refundBody, change[0], change[1], 1))); err == nil || !strings.Contains(err.Error(), change[2]) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
