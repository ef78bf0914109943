package models

import "testing"

// TestMaskedPerson: what lists show of a person stays when they were erased, so a domain of their own is not in it.
func TestMaskedPerson(t *testing.T) {
	for person, want := range map[Person]string{
		{Email: "zerlina@oquinn-fassbender.example"}:                           "z•••@•••.example",
		{Email: "zerlina@mail.oquinn.co.uk", Phone: "+91 98111 22334"}:         "z•••@•••.uk, •••34",
		{Email: "zerlina@oquinn"}:                                              "z•••@•••",
		{Email: "@oquinn.example"}:                                             "•••",
		{ID: "64f0zerlina9c1d"}:                                                "customer •••1d",
		{Email: `"odd@zerlina.example"@oquinn.example`, ID: "64f0zerlina9c1d"}: `"•••@•••.example`,
	} {
		if got := person.Masked(); got != want {
			t.Errorf("%+v is shown as %q, want %q", person, got, want)
		}
	}
}
