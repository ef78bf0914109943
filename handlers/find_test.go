package handlers_test

import (
	"testing"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/modelstest"
)

func TestFind(t *testing.T) {
	s := listSite(t)
	asha := s.as(modelstest.Person(t, s.db, "Asha", models.Support, 40))
	for sought, want := range map[string]string{
		"1001":                 "/sales/orders/1001",
		"%231001":              "/sales/orders/1001",
		"+1003+":               "/sales/orders/1003", // missing, and found all the same
		"1004":                 "/sales/orders?q=1004",
		"91234567890123456789": "/sales/orders?q=91234567890123456789",
		"neha+rao":             "/sales/orders?q=neha+rao",
		"":                     "/sales/orders",
	} {
		if got := asha.get("/find?q=" + sought).Header.Get("Location"); got != want {
			t.Errorf("%q leads to %s, want %s", sought, got, want)
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
