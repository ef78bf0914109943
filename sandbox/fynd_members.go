package sandbox

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// member is one thing a body has to have: a text, a whole number, an object or a list of objects. One whose kind
// ends in ? may be absent, but is nothing else.
type member struct {
	name, kind string
}

// What a payment in a session update has to have (fdk-client-javascript, PaymentSessionDetail).
var fyndPaymentMembers = []member{
	{"gid", "text"},
	{"payment_id", "text"},
	{"mode", "text"},
	{"amount", "number"},
	{"amount_captured", "number"},
	{"success_url", "text"},
	{"cancel_url", "text"},
	{"payment_methods", "list"},
	{"g_user_id", "text"},
	{"currency", "text"},
	{"aggregator_order_id", "text"},
	{"status", "text"},
	{"created", "text?"},
	{"captured", "truth?"},
	{"amount_refunded", "number?"},
	{"aggregator_customer_id", "text?"},
	{"merchant_locale", "text?"},
	{"locale", "text?"},
	{"kind", "text?"},
	{"meta", "object?"},
	{"billing_address", "address?"},
	{"shipping_address", "address?"},
}

// fyndAddressMembers is what an address has to have (fdk-client-javascript, AddressDetail).
var fyndAddressMembers = []member{
	{"phone", "text"},
	{"country_iso_code", "text"},
	{"area_code", "text"},
	{"country", "text"},
	{"state", "text"},
	{"area", "text"},
	{"g_address_id", "text"},
	{"area_code_slug", "text"},
	{"country_phone_code", "text"},
	{"name", "text"},
	{"address", "text"},
	{"city", "text"},
	{"landmark", "text?"},
	{"email", "text?"},
}

var fyndOrderMembers = []member{
	{"gid", "text"},
	{"amount", "number"},
	{"status", "text"},
	{"currency", "text"},
	{"aggregator", "text"},
	{"aggregator_order_details", "object"},
}

var fyndRefundMembers = []member{
	{"request_id", "text"},
	{"payment_id", "text"},
	{"amount", "number"},
	{"status", "text"},
	{"created", "text"},
	{"currency", "text"},
	{"refund_utr", "text?"},
	{"reason", "text?"},
	{"receipt_number", "text?"},
	{"pg_refund_id", "text?"},
	{"transfer_reversal", "text?"},
	{"source_transfer_reversal", "text?"},
	{"balance_transaction", "text?"},
}

// missing says what of a list of members is not there or is something else, or "".
func missing(where string, in map[string]json.RawMessage, members []member) string {
	for _, m := range members {
		raw, ok := in[m.name]
		kind, optional := strings.CutSuffix(m.kind, "?")
		if !ok && optional {
			continue
		}
		ok = false
		switch kind {
		case "text":
			_, ok = readText(raw)
			ok = ok && string(raw) != "null"
		case "number":
			_, err := strconv.ParseInt(string(raw), 10, 64)
			ok = err == nil
		case "object":
			var v map[string]json.RawMessage
			ok = unmarshal(raw, &v) == nil && v != nil
		case "list":
			var v []map[string]json.RawMessage
			ok = unmarshal(raw, &v) == nil && v != nil
		case "truth":
			ok = string(raw) == "true" || string(raw) == "false"
		case "address":
			var v map[string]json.RawMessage
			if ok = unmarshal(raw, &v) == nil && v != nil; ok {
				if text := missing(where+m.name+".", v, fyndAddressMembers); text != "" {
					return text
				}
			}
		}
		if !ok {
			return fmt.Sprintf("%q must be a %s", where+m.name, map[string]string{
				"text": "string", "number": "whole number of the smallest unit", "object": "object", "list": "list of objects", "truth": "boolean", "address": "object",
			}[kind])
		}
	}
	return ""
}
