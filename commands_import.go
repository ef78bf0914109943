package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/kartify/kartify/models"
)

type importCommand struct {
	Orders importOrders `cmd:"" help:"Take orders over from a CSV file: all of them, or none when anything is wrong."`
}

type importOrders struct {
	database
	File     string `arg:"" help:"The file; docs/import.md describes it." type:"existingfile"`
	Store    int64  `help:"The store of all orders, for a file without a column for it."`
	DryRun   bool   `help:"Do everything, then take it back."`
	Partial  bool   `help:"Take over the orders that are right, and list the others."`
	Encoding string `help:"How the letters are written, when it cannot be found out: utf-8, utf-16, windows-1251 or windows-1252."`
}

// Run imports the file and prints what became of it, with every problem and its row.
func (i *importOrders) Run(ctx context.Context) error {
	ctx, db, err := i.open(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	file, err := os.Open(i.File)
	if err != nil {
		return fmt.Errorf("open the file: %w", err)
	}
	defer file.Close() //nolint:errcheck // it was only read
	report, err := db.ImportOrders(ctx, models.ImportRequest{
		File: file, Name: filepath.Base(i.File), Store: i.Store, Encoding: i.Encoding, DryRun: i.DryRun, Partial: i.Partial, By: commandActor,
	})
	if err != nil {
		return err
	}
	for _, p := range report.Problems {
		column := ""
		if p.Column != "" {
			column = ", " + p.Column
		}
		fmt.Printf("row %d%s: %s\n", p.Row, column, p.Sentence)
	}
	if report.More > 0 {
		fmt.Printf("… and %d more.\n", report.More)
	}
	return i.tell(report)
}

// tell prints what was imported, or says why that is not all.
func (i *importOrders) tell(r *models.ImportReport) error {
	done := howMany(r.Orders, "order") + " with " + howMany(r.Lines, "line") + " and " + howMany(r.Payments, "payment")
	switch found := len(r.Problems) + r.More; {
	case found > 0 && r.Rows == 0: // the heading itself is wrong
		return fmt.Errorf("%s in the heading; nothing was imported", howMany(found, "problem"))
	case found > 0 && !i.Partial:
		return fmt.Errorf("%s in %s; nothing was imported", howMany(found, "problem"), howMany(r.Rows, "row"))
	case r.Rows == 0:
		return errors.New("nothing was imported")
	case i.DryRun:
		fmt.Printf("Read as %s. To be imported: %s. Left out: %d.\n", r.Encoding, done, r.LeftOut)
	case found > 0:
		fmt.Printf("Read as %s. Imported: %s.\n", r.Encoding, done)
		return fmt.Errorf("left out: %s", howMany(r.LeftOut, "order"))
	default:
		fmt.Printf("Read as %s. Imported: %s.\n", r.Encoding, done)
	}
	return nil
}

// howMany is "1 row" or "3 rows".
func howMany(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}
