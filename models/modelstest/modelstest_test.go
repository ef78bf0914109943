package modelstest_test

import (
	"testing"

	"github.com/kartify/kartify/models/modelstest"
)

func TestDatabasesAreApart(t *testing.T) {
	ctx := modelstest.System(t.Context())
	one, other := modelstest.DB(t), modelstest.DB(t)
	if _, err := one.Pool().Exec(ctx, "INSERT INTO login_failures (account, address) VALUES ('asha', '192.0.2.1')"); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := other.Pool().QueryRow(ctx, "SELECT count(*) FROM login_failures").Scan(&n); err != nil || n != 0 {
		t.Errorf("the other database has %d rows (%v), want none", n, err)
	}
}
