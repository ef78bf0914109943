package cast

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/notify"
)

// shopSecret is the secret word that the shop of store 42 checks notifications with.
const shopSecret = "lavka-secret-word"

// Notifications has store 42 told of its payments at shop, and its payment of order 1009 stuck after fifty attempts
// that the shop answered with an error of its own. Doing it again changes the shop's address at most.
func Notifications(ctx context.Context, db *models.DB, shop string) error {
	settings, err := db.NotificationSettings(ctx, Lavka)
	if err != nil {
		return fmt.Errorf("look how the shop hears of payments: %w", err)
	}
	if settings.ChangedBy == nil && settings.URL != shop {
		err = db.SaveNotificationSettings(ctx, models.NotificationForm{
			StoreID: Lavka, Channel: models.NotifyPost, URL: shop, Secret: shopSecret, Shown: settings.Version, By: models.SystemActor,
		})
		if err != nil {
			return fmt.Errorf("have the shop told of payments: %w", err)
		}
	}
	if settings.Version > 0 {
		return nil
	}
	unheard := []string{
		`INSERT INTO notifications (store_id, order_id, payment_id, state, tries, most, problem, obtained_at, created_at, done_at)
			SELECT store_id, order_id, id, 'stuck', 50, 50, 'The shop answered 500 Internal Server Error instead of 200.', created_at, created_at, created_at + interval '400 minutes'
			FROM payments WHERE order_id = 1009 AND status = 'stuck'`,
		`INSERT INTO notification_series (notification_id, store_id, n, most, started_at) SELECT id, store_id, 1, 50, created_at FROM notifications WHERE order_id = 1009`,
		`INSERT INTO notification_attempts (notification_id, store_id, series, n, channel, receiver, outcome, http_status, problem, answer, sent, started_at, finished_at)
			SELECT n.id, n.store_id, 1, k, 'post', 'https://lavka.example/payments', 'refused', 500, n.problem, 'Fatal error: Uncaught PDOException',
				'id=' || n.payment_id || '&orderid=1009&client_email=ivan.petrov%40lavka.example',
				n.created_at + k * interval '8 minutes', n.created_at + k * interval '8 minutes' FROM notifications n, generate_series(1, 50) k WHERE n.order_id = 1009`,
		`UPDATE payments SET notice = 'untold' WHERE order_id = 1009 AND status = 'stuck'`,
	}
	var failed error
	for range 5 { // a kartify that runs looks at the same rows
		failed = pgx.BeginFunc(ctx, db.Pool(), func(tx pgx.Tx) error {
			for _, sql := range unheard {
				if _, err := tx.Exec(ctx, sql); err != nil {
					return err //nolint:wrapcheck // below
				}
			}
			return nil
		})
		var busy *pgconn.PgError
		if !errors.As(failed, &busy) || busy.Code != "40P01" {
			break
		}
	}
	if failed != nil {
		return fmt.Errorf("put in what the shop did not hear: %w", failed)
	}
	return nil
}

// Shop is the handler of store 42's own shop: it answers what it is told as it must.
func Shop() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.PostFormValue("id")
		if r.Method != http.MethodPost || id == "" || r.PostFormValue("key") == "" {
			http.Error(w, "This shop waits to be told of payments.", http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = fmt.Fprint(w, notify.Notice{ID: id}.Answer(shopSecret)) //nolint:gosec // plain text, and a digest
	})
}
