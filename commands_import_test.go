package main

import (
	"testing"

	"github.com/kartify/kartify/models"
)

func TestImportSaysWhatIsLeftOut(t *testing.T) {
	wrong := []models.ImportProblem{{Row: 2, Sentence: "There is no store \"99\"."}}
	for _, tt := range []struct {
		command importOrders
		report  models.ImportReport
		want    string
	}{
		{importOrders{}, models.ImportReport{Rows: 1, Problems: wrong}, "1 problem in 1 row; nothing was imported"},
		{importOrders{}, models.ImportReport{Rows: 40, Problems: wrong, More: 2}, "3 problems in 40 rows; nothing was imported"},
		{importOrders{}, models.ImportReport{Problems: wrong}, "1 problem in the heading; nothing was imported"},
		{importOrders{Partial: true}, models.ImportReport{Rows: 2, Orders: 1, LeftOut: 1, Problems: wrong}, "left out: 1 order"},
		{importOrders{}, models.ImportReport{}, "nothing was imported"},
		{importOrders{DryRun: true}, models.ImportReport{Rows: 1, Orders: 1}, ""},
		{importOrders{}, models.ImportReport{Rows: 1, Orders: 1}, ""},
	} {
		got := ""
		if err := tt.command.tell(&tt.report); err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%+v: %q, want %q", tt.report, got, tt.want)
		}
	}
}
