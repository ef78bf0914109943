package sandbox

import (
	"cmp"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// ccavenueMoney is an amount of the pay page: at most two decimals.
var ccavenueMoney = regexp.MustCompile(`^[0-9]{1,12}(\.[0-9]{1,2})?$`)

// The two pages on which CCAvenue refuses a buyer; the shop hears nothing of it.
func ccavenueError10001(why string) reply {
	return sentence(http.StatusOK, "Error Code: 10001", "Invalid Request - Encrypted request invalid/not present. "+why)
}

func ccavenueError10002(why string) reply {
	return sentence(http.StatusOK, "Error Code: 10002", "Merchant Authentication failed. "+why)
}

// startPayment is transaction.do?command=initiateTransaction: a buyer comes with the shop's encrypted
// request, and a transaction begins.
func (g *ccavenue) startPayment(c *call) reply {
	form, ok := checkoutForm(c)
	if !ok || form.Get("command") != "initiateTransaction" {
		return ccavenueError10001("The command is not initiateTransaction.")
	}
	c.accept()
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	m := g.s.merchants.get(g.code() + "/" + form.Get("access_code"))
	if m == nil {
		return ccavenueError10002("The access code is not known.")
	}
	plain, err := m.decrypt(form.Get("encRequest"))
	if err != nil {
		return ccavenueError10001("It cannot be decrypted.")
	}
	in := readCCAvenueFields(plain)
	if strings.Contains(in["redirect_url"], "%3A%2F%2F") { // some kits escape every value
		for name, value := range in {
			if text, err := url.QueryUnescape(value); err == nil {
				in[name] = text
			}
		}
	}
	if bad := g.checkStart(m, in); bad != nil {
		return *bad
	}
	amount, _ := minorUnits(in["amount"], in["currency"]) // checkStart has read it
	fields := map[string]string{}
	for name, value := range in {
		if strings.HasPrefix(name, "billing_") || strings.HasPrefix(name, "delivery_") || strings.HasPrefix(name, "merchant_param") {
			fields[name] = value
		}
	}
	p := g.begin(m, ccavenuePayment{
		Order: in["order_id"], Amount: amount, Currency: in["currency"], Redirect: in["redirect_url"],
		Cancel: cmp.Or(in["cancel_url"], in["redirect_url"]), Request: form.Get("encRequest"), Fields: fields,
	})
	g.hide(p.Ref, c.plan)
	return page("ccavenue.html", http.StatusOK, map[string]any{
		"Title": "Pay", "ID": p.Ref, "Key": p.Key, "AmountMinor": amount, "Currency": p.Currency, "Order": p.Order,
		"Buyer": fields["billing_name"], "Shop": m.AccountID, "Modes": ccavenueModes,
	})
}

// ccavenueModes are the ways to pay on the page.
var ccavenueModes = []string{"Credit Card", "Debit Card", "Net Banking", "Unified Payments", "Wallet"}

// checkStart is the page a buyer with a bad request sees, or nil (CCAvenue integration document, request
// parameters).
func (g *ccavenue) checkStart(m *merchant, in map[string]string) *reply {
	amount, ok := minorUnits(in["amount"], in["currency"])
	var bad reply
	switch hosts := m.Options["hosts"]; {
	case in["merchant_id"] == "":
		bad = ccavenueError10001("It has no merchant_id.")
	case in["merchant_id"] != m.AccountID:
		bad = ccavenueError10002("The access code is another merchant's.")
	case !orderNumber.MatchString(in["order_id"]) || len(in["order_id"]) > 30:
		bad = ccavenueError10001("order_id has up to 30 letters, digits, - _ and /.")
	case len(in["currency"]) != 3 || !ccavenueMoney.MatchString(in["amount"]) || !ok || amount == 0:
		bad = ccavenueError10001("The amount or the currency is not one.")
	case in["redirect_url"] == "" || !webAddress(in["redirect_url"]) || !webAddress(in["cancel_url"]):
		bad = ccavenueError10001("redirect_url and cancel_url have to be web addresses.")
	case len(in["redirect_url"]) > 100 || len(in["cancel_url"]) > 100:
		bad = ccavenueError10001("redirect_url and cancel_url have up to 100 characters.")
	case hosts != "" && !slices.Contains(strings.Split(hosts, ","), webHost(in["redirect_url"])):
		bad = ccavenueError10002("The address to go back to is not registered.")
	default:
		return nil
	}
	return &bad
}

func webHost(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}

// pay is a button of the pay page. What the buyer's browser takes back and what the server tells the
// shop come in either order, less than two seconds apart.
func (g *ccavenue) pay(c *call) reply {
	form, err := url.ParseQuery(string(c.body))
	if err != nil {
		return sentence(http.StatusBadRequest, "Not understood", "The form cannot be read.")
	}
	c.accept()
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	p := g.payments.get(form.Get("id"))
	switch {
	case p == nil || p.Key == "" || p.Key != form.Get("key"):
		return sentence(http.StatusNotFound, "Not found", "There is no such transaction.")
	case p.Status != "Initiated":
		return sentence(http.StatusOK, "This transaction is over", "It is "+p.Status+".")
	}
	if mode := form.Get("mode"); slices.Contains(ccavenueModes, mode) {
		p.Mode = mode
		p.Card = map[string]string{"Credit Card": "Visa", "Debit Card": "RuPay", "Net Banking": "HDFC Bank", "Unified Payments": "UPI", "Wallet": "Paytm"}[mode]
	}
	g.hide(p.Ref, c.plan)
	byHand := g.merchantOfPayment(p).ManualCapture
	title, to, echo := "Payment successful", p.Redirect, true
	switch form.Get("outcome") {
	case "success":
		g.succeed(p, byHand)
	case "close":
		g.succeed(p, byHand)
		to = ""
	case "failure", "failure_debited":
		g.fail(p, "Unsuccessful", form.Get("outcome") == "failure_debited")
		title = "Payment failed"
	case "abort":
		p.Mode, p.Card = "", ""
		g.fail(p, "Aborted", false)
		title, to = "Payment cancelled", p.Cancel
	case "timeout":
		p.Mode, p.Card = "", ""
		g.fail(p, "Timeout", false)
		title = "The page has expired"
	case "debited":
		g.await(p, true)
		to, echo = "", false
	default:
		return sentence(http.StatusBadRequest, "Not understood", "The page has no such button.")
	}
	if echo {
		g.emitNotice(p, "echo")
	}
	if to == "" {
		return sentence(http.StatusOK, "The browser was closed", "The buyer does not come back to the shop. What the bank did is on "+p.Ref+".")
	}
	text := g.response(p, "").String()
	return page("return.html", http.StatusOK, map[string]any{
		"Title": title, "Payment": p.Ref, "AmountMinor": p.Amount, "Currency": p.Currency, "Callback": to, "Script": true,
		"Fields": []fact{{"encResp", g.merchantOfPayment(p).encrypt(text)}, {"orderNo", p.Order}, {"crossSellUrl", ""}},
	})
}
