package models_test

import (
	"strings"
	"testing"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/modelstest"
)

func TestCreateStore(t *testing.T) {
	db, ctx := modelstest.DB(t), modelstest.System(t.Context())
	good := models.Store{ID: 40, Code: "ruosh", Name: "Ruosh", Currency: "INR", TimeZone: "Asia/Kolkata", Fynd: true}
	tests := []struct {
		name   string
		change func(*models.Store)
		want   string
	}{
		{"as it should be", func(*models.Store) {}, ""},
		{"the same again", func(*models.Store) {}, "there already"},
		{"another id, the same code", func(s *models.Store) { s.ID = 41 }, "there already"},
		{"no id", func(s *models.Store) { s.ID = 0 }, "above zero"},
		{"a code with spaces", func(s *models.Store) { s.Code = "My Shop" }, "small letters"},
		{"no name", func(s *models.Store) { s.Name = " " }, "Enter a name"},
		{"no such currency", func(s *models.Store) { s.Currency = "RUPEES" }, "not a currency"},
		{"no such zone", func(s *models.Store) { s.TimeZone = "Bombay" }, "not a time zone"},
		{"no such mode", func(s *models.Store) { s.Mode = "demo" }, "test or live"},
	}
	for _, tt := range tests {
		store := good
		tt.change(&store)
		_, err := db.CreateStore(ctx, models.SystemActor, store)
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
	stores, err := db.Stores(ctx)
	if err != nil || len(stores) != 1 || stores[0].Mode != "test" || !stores[0].Fynd {
		t.Errorf("the stores are %+v, %v", stores, err)
	}
}
