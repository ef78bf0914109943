package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/kartify/kartify/models"
)

type eraseCommand struct {
	database
	Store    int64  `help:"The store whose records it is about." required:""`
	Email    string `help:"The person's e-mail address."`
	Phone    string `help:"The person's phone number."`
	Customer string `help:"The person's customer id at Fynd."`
	Shop     bool   `help:"Erase every customer of the store, and what the store entered: credentials, addresses, its link to Fynd."`
	DryRun   bool   `help:"Say what there is, and erase nothing."`
	Yes      bool   `help:"Yes, erase the whole store."`
}

// Run erases a person, or a store, and waits for the end.
func (e *eraseCommand) Run(ctx context.Context) error {
	person := models.Person{ID: e.Customer, Email: e.Email, Phone: e.Phone}
	if !e.Shop {
		if err := person.Check(); err != nil {
			return err //nolint:wrapcheck // a sentence
		}
	} else if person != (models.Person{}) {
		return errors.New("either a person or the shop is erased")
	}
	ctx, db, err := e.open(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.Store(ctx, e.Store); err != nil {
		return fmt.Errorf("store %d: %w", e.Store, err)
	}
	stores := []int64{e.Store}
	switch {
	case e.DryRun && e.Shop:
		return errors.New("a dry run is for one person")
	case e.DryRun:
		found, err := db.PreviewPrivacy(ctx, stores, person)
		if err == nil {
			fmt.Printf("%s in store %d: %s. Nothing was erased.\n", person.Masked(), e.Store, counted(found.Counts))
		}
		return err //nolint:wrapcheck // says what it did
	case e.Shop && !e.Yes:
		return fmt.Errorf("this erases every customer of store %d and its credentials; repeat it with --yes to do so", e.Store)
	}
	wish := models.PrivacyWish{Kind: models.PrivacyErase, Origin: "command", Stores: stores, Person: person, By: commandActor}
	if e.Shop {
		wish.Kind = models.PrivacyShop
	}
	r, err := db.AskPrivacy(ctx, wish)
	if err != nil {
		return err //nolint:wrapcheck // says what it did
	}
	said := ""
	for {
		if err := db.RunPrivacy(ctx, r.ID); err != nil {
			return err //nolint:wrapcheck // says what it did
		}
		if r, err = db.PrivacyRequest(ctx, r.ID); err != nil {
			return err //nolint:wrapcheck // says what it did
		}
		if r.State == "done" {
			fmt.Printf("Request %d is done: %s.\n", r.ID, counted(r.Counts))
			return nil
		}
		if r.Problem != said {
			said = r.Problem
			fmt.Println(said)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("request %d is not done yet; a running kartify goes on with it", r.ID)
		case <-time.After(time.Second):
		}
	}
}

// counted are counts as a sentence has them: "2 orders, 5 webhooks".
func counted(counts map[string]int64) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		if n := counts[name]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, name))
		}
	}
	if len(parts) == 0 {
		return "nothing was found"
	}
	return strings.Join(parts, ", ")
}
