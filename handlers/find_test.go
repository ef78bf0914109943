package handlers_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/modelstest"
)

// A text that is exactly the id of one thing opens it.
func TestFind(t *testing.T) {
	s := paymentSite(t)
	asha := s.as(modelstest.Person(t, s.db, "Asha", models.Support, 40))
	for sought, want := range map[string]string{
		"1001":                 "/sales/orders/1001",
		"%231001":              "/sales/orders/1001",
		"+1003+":               "/sales/orders/1003", // missing, and found all the same
		"fy62a1b2c3d4e5f60001": "/sales/orders/1001",
		"pay_KFtest00000011":   "/sales/payments/11",
		"3512313478":           "/sales/payments/11",
		"20261122101500123":    "/sales/payments/11",
		"1004":                 "", // of another store
		"91234567890123456789": "",
		"neha+rao":             "",
		"1111":                 "",
		"":                     "",
	} {
		p := asha.get("/find?q=" + sought)
		if got := p.Header.Get("Location"); got != want || want == "" && p.StatusCode != http.StatusOK {
			t.Errorf("%q answers %d and leads to %s, want %s", sought, p.StatusCode, got, want)
		}
	}
	if asha.get("/profile").Find("form[action='/find']").Length() != 1 {
		t.Error("Asha's pages have no finder")
	}
	arjun := s.as(modelstest.Person(t, s.db, "Arjun", models.Auditor, 40))
	if arjun.get("/profile").Find("form[action='/find']").Length() != 0 {
		t.Error("the auditor, who may not see orders, has a finder")
	}
}

// Everything else is shown in groups, each row a link that the keyboard walks.
func TestFindShowsGroups(t *testing.T) {
	s := paymentSite(t)
	asha := s.as(modelstest.Person(t, s.db, "Asha", models.Support, 40))
	p := asha.get("/find?q=neha")
	if groups := p.each(".found h2"); groups != "Orders|Payments|Customers" {
		t.Errorf("the groups are %s", groups)
	}
	if got := p.each(".found a.open"); !strings.HasPrefix(got, "1005|1001|") {
		t.Errorf("neha finds %s, the missing order is not there", got)
	}
	p = asha.get("/find?q=1111")
	if got := p.payments(); got != "15 13 12 11" || !strings.Contains(p.said(".subtitle"), "part of a card number") {
		t.Errorf("the end of a card finds %s: %s", got, p.said(".subtitle"))
	}
	asha.get("/find?q=zqxjkw").says(t, http.StatusOK, "Nothing found")
	asha.get("/find").says(t, http.StatusOK, "What are you looking for?")
	if p := asha.get("/find?q=%3Cscript%3Ealert(1)%3C/script%3E"); strings.Contains(p.body, "<script>alert") {
		t.Error("the text is not escaped")
	}
}
