package models_test

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/kartify/kartify/gateways/gofynd"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/cast"
	"github.com/kartify/kartify/models/modelstest"
)

// A payment session that carries a whole card number, against the rules, is stored without it.
func TestSessionHoldsNoCardNumber(t *testing.T) {
	db, ctx := extensionDB(t), modelstest.System(t.Context())
	for _, err := range []error{cast.Load(ctx, db, time.Now()), cast.Settings(ctx, db), cast.Fynd(ctx, db, "https://pay.ruosh.example")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	list, err := db.FyndExtensions(ctx)
	if err != nil || len(list) != 1 {
		t.Fatalf("%d extensions (%v)", len(list), err)
	}
	body, err := os.ReadFile("../gateways/gofynd/testdata/session.json")
	if err != nil {
		t.Fatal(err)
	}
	body = bytes.Replace(bytes.TrimSpace(body), []byte("{"), []byte(`{"meta":{"card":"4111 1111 1111 1111","pan":4111111111111111,"cvv":"123"},`), 1)
	in, err := gofynd.ReadSession(body)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := gofynd.Keep(body)
	if err != nil {
		t.Fatal(err)
	}
	s, err := db.StartFyndSession(ctx, models.FyndSessionRequest{Extension: &list[0], In: in, Kept: kept, Address: "https://pay.ruosh.example"})
	if err != nil {
		t.Fatal(err)
	}
	var stored string
	if err := db.Pool().QueryRow(ctx, "SELECT body::text FROM fynd_sessions WHERE id = $1", s.ID).Scan(&stored); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"4111 1111 1111 1111", "4111111111111111", "123\""} {
		if strings.Contains(stored, secret) {
			t.Errorf("%q is stored: %s", secret, stored)
		}
	}
	if !strings.Contains(stored, in.GID) || !strings.Contains(stored, "411111") {
		t.Errorf("the rest is not stored: %s", stored)
	}
}
