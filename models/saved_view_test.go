package models_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/kartify/kartify/models"
)

func TestSavedViews(t *testing.T) {
	s := newShelf(t)
	s.exec(`INSERT INTO users (email, name, role) VALUES ('mira@ruosh.example', 'Mira', 'manager'), ('asha@ruosh.example', 'Asha', 'support')`)
	const mira, asha = 1, 2
	names := func(user int64) string {
		t.Helper()
		c, err := s.db.OrderChoices(s.ctx, user)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, v := range c.Views {
			names = append(names, fmt.Sprintf("%s by %s", v.Name, v.Owner))
		}
		slices.Sort(names)
		return strings.Join(names, ", ")
	}
	save := func(user int64, role models.Role, name string, shared bool) error {
		return s.db.SaveView(s.ctx, &models.SavedView{UserID: user, Name: name, Query: "status=failed", Shared: shared}, role)
	}
	for _, tt := range []struct {
		err  error
		want string
	}{
		{save(mira, models.Manager, "  Failed\tat   Ruosh ", true), "<nil>"},
		{save(mira, models.Manager, "Mine", false), "<nil>"},
		{save(asha, models.Support, "Mine", false), "<nil>"},
		{save(asha, models.Support, "For all", true), "not permitted"},
		{save(asha, models.Support, "Mine", false), "You have a view called “Mine” already; choose another name."},
		{save(asha, models.Support, " \x00 ", false), "Give the view a name."},
		{save(asha, models.Support, strings.Repeat("я", 61), false), "A name has at most 60 characters; this one has 61."},
		{s.db.DeleteView(s.ctx, asha, 1), "not found"},
		{s.db.ChangeView(s.ctx, &models.SavedView{ID: 1, UserID: asha, Name: "Mine now"}, models.Support), "not found"},
		{s.db.ChangeView(s.ctx, &models.SavedView{ID: 3, UserID: asha, Name: "Ours", Shared: true}, models.Support), "not permitted"},
	} {
		if got := fmt.Sprint(tt.err); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
	if got := names(mira); got != "Failed at Ruosh by Mira, Mine by Mira" {
		t.Errorf("Mira sees %s", got)
	}
	if got := names(asha); got != "Failed at Ruosh by Mira, Mine by Asha" {
		t.Errorf("Asha sees %s", got)
	}
	if err := s.db.ChangeView(s.ctx, &models.SavedView{ID: 1, UserID: mira, Name: "Failed"}, models.Manager); err != nil {
		t.Fatal(err)
	}
	if err := s.db.DeleteView(s.ctx, mira, 2); err != nil {
		t.Fatal(err)
	}
	if got := names(mira) + "; " + names(asha); got != "Failed by Mira; Mine by Asha" {
		t.Errorf("after the changes they see %s", got)
	}
	for i := range 29 {
		if err := save(asha, models.Support, fmt.Sprint("view ", i), false); err != nil {
			t.Fatal(err)
		}
	}
	var problem *models.Problem
	if err := save(asha, models.Support, "one more", false); !errors.As(err, &problem) || !strings.HasPrefix(problem.Sentence, "You have 30 views") {
		t.Errorf("the view beyond the last gives %v", err)
	}
}
