package models_test

import (
	"bytes"
	"errors"
	"log/slog"
	"testing"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/modelstest"
)

// TestWhatIsAnsweredIsNotLogged refuses an address that is taken: the person is told, and the log is not.
func TestWhatIsAnsweredIsNotLogged(t *testing.T) {
	var log bytes.Buffer
	db := modelstest.DB(t, func(o *models.Options) { o.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	ctx, by := models.AsSystem(t.Context()), models.Actor{Kind: "command", Name: "command line"}
	asha := models.UserDetails{Email: "asha@ruosh.example", Name: "Asha Rao", Role: models.Support, AllStores: true}
	if _, _, err := db.CreateUser(ctx, by, asha); err != nil {
		t.Fatal(err)
	}
	var problem *models.Problem
	if _, _, err := db.CreateUser(ctx, by, asha); !errors.As(err, &problem) {
		t.Errorf("a second Asha: %v", err)
	}
	if log.Len() > 0 {
		t.Errorf("the log says %s", log.String())
	}
}
