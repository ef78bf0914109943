package models

import (
	"strings"
	"testing"
)

func TestKeyring(t *testing.T) {
	old, recent := NewMasterKey(), NewMasterKey()
	before, err := NewKeyring(old)
	if err != nil {
		t.Fatal(err)
	}
	after, err := NewKeyring(recent, old)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := before.Seal("store 40 key_secret", "whsec_1")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(sealed, "whsec_1") {
		t.Error("the secret shows through its seal")
	}
	if plain, err := after.Open("store 40 key_secret", sealed); err != nil || plain != "whsec_1" {
		t.Errorf("after rotation it opens as %q, %v", plain, err)
	}
	if after.Current(sealed) || !before.Current(sealed) {
		t.Error("which key sealed it is not told apart")
	}
	for name, place := range map[string]string{"another store": "store 41 key_secret", "another field": "store 40 webhook_secret"} {
		if _, err := before.Open(place, sealed); err == nil {
			t.Errorf("it opened in the place of %s", name)
		}
	}
	if _, err := before.Open("store 40 key_secret", sealed[:len(sealed)-4]+"AAA="); err == nil {
		t.Error("a damaged seal opened")
	}
	lost, err := NewKeyring(recent)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lost.Open("store 40 key_secret", sealed); err == nil || !strings.Contains(err.Error(), "not configured") {
		t.Errorf("without its key: %v", err)
	}
	mac := before.MAC("form", []byte("message"))
	if !after.CheckMAC("form", []byte("message"), mac) || after.CheckMAC("other", []byte("message"), mac) || after.CheckMAC("form", []byte("massage"), mac) {
		t.Error("a MAC holds where it must not, or not where it must")
	}
	for _, bad := range []string{"", "short", "zz"} {
		if _, err := NewKeyring(bad); err == nil {
			t.Errorf("%q passed as a master key", bad)
		}
	}
}
