package models_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kartify/kartify/gateways/gatewaytest"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/modelstest"
)

func TestFyndHearsOfEachChangeOnce(t *testing.T) {
	tests := []struct {
		name  string
		words []string // what the gateway says, one after the other, each told at once
		want  string
	}{
		{"paid", []string{"captured"}, "TR1 complete 200"},
		{"declined", []string{"failed"}, "TR1 failed 200"},
		{"the same again", []string{"captured", "captured", "authorized", "failed"}, "TR1 complete 200"},
		{"held, then drawn", []string{"authorized", "captured"}, "TR1 pending 200, TR1 complete 200"},
		{"declined, then paid after all", []string{"failed", "captured"}, "TR1 failed 200, TR1 complete 200"},
		{"declined after it was paid", []string{"captured", "failed"}, "TR1 complete 200"},
		{"declined, then held", []string{"failed", "authorized", "captured"}, "TR1 failed 200, TR1 complete 200"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := openSeller(t)
			s.session("pending", 0)
			for i, word := range tt.words {
				s.move(fmt.Sprint("e", i), word)
				s.listen(2)
			}
			if got := strings.Join(s.fynd.heard, ", "); got != tt.want {
				t.Errorf("Fynd heard %s, want %s", got, tt.want)
			}
			s.sound()
		})
	}
}

func TestALaterWordOvertakes(t *testing.T) {
	s := openSeller(t)
	s.session("pending", 0)
	s.move("e1", "authorized")
	s.move("e2", "captured") // before Fynd has heard of the first
	s.listen(3)
	if got := strings.Join(s.fynd.heard, ", "); got != "TR1 complete 200" {
		t.Errorf("Fynd heard %s", got)
	}
	if got := s.updates(); got != "pending done 0\ncomplete done 1" {
		t.Errorf("updates:\n%s", got)
	}
	if got := s.text(`SELECT problem FROM partner_updates WHERE status = 'pending'`); got != "Not told: more has become of the payment since." {
		t.Errorf("the first says %q", got)
	}
	if got := s.text(`SELECT comment FROM order_history WHERE kind = 'partner'`); got != "Fynd was told complete for the payment of 100.00 INR." {
		t.Errorf("history: %s", got)
	}
	known, err := s.db.FyndAcknowledged(s.ctx, &models.FyndSession{ID: sessionID})
	if err != nil || !known {
		t.Errorf("acknowledged %v, %v", known, err)
	}
}

// A person who asks for what was overtaken is not told that Fynd has heard it: Fynd refused what came later, too.
func TestNobodyIsToldThatFyndHeardWhatWasOvertaken(t *testing.T) {
	s := openSeller(t, 400, 400)
	s.session("pending", 0)
	s.move("e1", "authorized")
	s.listen(1)
	s.move("e2", "captured")
	s.listen(1)
	if got := s.updates(); got != "pending failed 1\ncomplete failed 1" {
		t.Fatalf("updates:\n%s", got)
	}
	user := modelstest.Person(t, s.db, "Ravi", models.Owner)
	said, err := s.db.FixLimbo(s.ctx, models.FixTell, models.NeedPartner, 1, user, "")
	if err != nil || strings.Contains(said, "has heard") || !strings.HasSuffix(said, "Fynd is not told this, but what came later.") {
		t.Errorf("the first, told again: %q, %v", said, err)
	}
	said, err = s.db.FixLimbo(s.ctx, models.FixTell, models.NeedPartner, 2, user, "")
	if err != nil || !strings.HasSuffix(said, "Fynd has heard it.") || s.fynd.payment != "complete" {
		t.Errorf("the second, told again: %q, %v; Fynd knows %q", said, err, s.fynd.payment)
	}
}

// Words that are told at the same moment, by many processes, reach Fynd in no other order than they became true.
func TestNothingOvertakesOnItsWay(t *testing.T) {
	s := openSeller(t)
	s.session("pending", 0)
	s.move("e1", "authorized")
	s.exec(`UPDATE partner_updates SET tries = 1, sending_until = now() + interval '1 hour', next_at = now() + interval '1 hour'`) // another process is telling it
	s.move("e2", "captured")
	s.exec(`UPDATE partner_updates SET next_at = now() WHERE status = 'complete'`)
	if _, err := s.db.TellDuePartners(s.ctx); err != nil {
		t.Fatal(err)
	}
	if len(s.fynd.heard) != 0 {
		t.Fatalf("Fynd heard %v while an earlier word was on its way", s.fynd.heard)
	}
	s.exec(`UPDATE partner_updates SET sending_until = now() - interval '1 second', next_at = now()`) // it died
	s.listen(2)
	if got := strings.Join(s.fynd.heard, ", "); got != "TR1 complete 200" {
		t.Errorf("Fynd heard %s", got)
	}

	busy := openSeller(t, 500, 503, 500)
	busy.session("pending", 0)
	for i, word := range []string{"failed", "authorized", "captured"} {
		busy.move(fmt.Sprint("e", i), word)
		var wait sync.WaitGroup
		for range 8 {
			wait.Go(func() {
				for id := range int64(3) {
					_ = busy.db.TellPartner(busy.ctx, id+1) // those that are not there yet are not found
				}
			})
		}
		wait.Wait()
	}
	for range 8 {
		time.Sleep(time.Millisecond)
		busy.tell()
	}
	if busy.fynd.payment != "complete" || len(busy.fynd.regress) > 0 {
		t.Errorf("Fynd knows %s, and heard too late: %v", busy.fynd.payment, busy.fynd.regress)
	}
}

func TestFyndIsToldOfAPaymentUntilItHears(t *testing.T) {
	tests := []struct {
		name   string
		script []int
		heard  int
		want   string
	}{
		{"at once", nil, 1, "complete done 1"},
		{"after faults", []int{500, 502, 504}, 4, "complete done 4"},
		{"heard, and the answer lost", []int{lost, lost}, 3, "complete done 3"},
		{"busy", []int{409, 429, 408}, 4, "complete done 4"},
		{"too early", []int{425}, 2, "complete done 2"},
		{"refused", []int{400}, 1, "complete failed 1"},
		{"not known there", []int{404}, 1, "complete failed 1"},
		{"never", []int{500, 500, 500, 500, 500}, 4, "complete failed 4"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := openSeller(t, tt.script...)
			s.session("pending", 0)
			s.move("e1", "captured")
			s.listen(6)
			if got := s.updates(); got != tt.want || len(s.fynd.heard) != tt.heard {
				t.Errorf("%s after %d attempts, want %s after %d", got, len(s.fynd.heard), tt.want, tt.heard)
			}
			for _, body := range s.fynd.bodies {
				if body != s.fynd.bodies[0] {
					t.Errorf("a repeat says %s, the first said %s", body, s.fynd.bodies[0])
				}
			}
			if n := s.text(`SELECT jsonb_array_length(log)::text FROM partner_updates`); n != fmt.Sprint(tt.heard) {
				t.Errorf("%s attempts are kept", n)
			}
			if log := s.text(`SELECT log::text FROM partner_updates`); strings.Contains(log, extensionSecret) || strings.Contains(log, "token-1") {
				t.Error("the log holds a secret")
			}
			told := s.text(`SELECT count(*)::text FROM order_history WHERE comment LIKE 'Fynd could not be told complete for the payment%'`)
			if want := map[bool]string{true: "1", false: "0"}[strings.Contains(tt.want, "failed")]; told != want {
				t.Errorf("the history says %s times that Fynd could not be told", told)
			}
		})
	}
}

func TestTokensOfACompany(t *testing.T) {
	t.Run("one that Fynd does not accept any more", func(t *testing.T) {
		s := openSeller(t)
		s.fynd.tokens = map[string]bool{"token-2": true}
		s.session("pending", 0)
		s.move("e1", "captured")
		s.listen(1)
		if got := s.text(`SELECT problem FROM partner_updates`); got != "Fynd did not accept the access token. A new one is asked for." {
			t.Errorf("meanwhile it says %q", got)
		}
		s.listen(2)
		if got := s.updates(); got != "complete done 2" || strings.Join(s.fynd.heard, ", ") != "TR1 complete 401, TR1 complete 200" || s.fynd.renewals != 1 {
			t.Errorf("%s: Fynd heard %v", got, s.fynd.heard)
		}
	})
	t.Run("none that it accepts", func(t *testing.T) {
		s := openSeller(t)
		s.fynd.tokens = map[string]bool{}
		s.session("pending", 0)
		s.move("e1", "captured")
		s.listen(6)
		if got := s.updates(); got != "complete failed 3" {
			t.Errorf("%s: Fynd heard %v", got, s.fynd.heard)
		}
	})
	t.Run("none for a refresh token that it does not know", func(t *testing.T) {
		s := openSeller(t)
		s.fynd.forgot = true
		s.exec(`UPDATE fynd_installs SET token_until = NULL`)
		s.session("pending", 0)
		s.move("e1", "captured")
		for _, want := range []string{"queued 0 Fynd does not accept the refresh token any more. Its seller opens the extension in Fynd once more", "queued 0 Fynd gave no token for company 1 that lasts. Its seller opens the extension in Fynd once more"} {
			s.listen(1)
			if got := s.text(`SELECT concat_ws(' ', state, tries, problem) FROM partner_updates`); !strings.HasPrefix(got, want) {
				t.Errorf("it says %q, not %q", got, want)
			}
		}
	})
	t.Run("none at all", func(t *testing.T) {
		s := openSeller(t)
		s.exec(`UPDATE fynd_installs SET access_token = '', refresh_token = ''`)
		s.session("pending", 0)
		s.move("e1", "captured")
		s.listen(6)
		if got := s.updates(); got != "complete queued 0" || len(s.fynd.heard) != 0 {
			t.Errorf("%s: Fynd heard %v", got, s.fynd.heard)
		}
		if got := s.text(`SELECT problem FROM partner_updates`); !strings.HasPrefix(got, "Fynd gave no token for company 1") {
			t.Errorf("it says %q", got)
		}
	})
	t.Run("none for a moment", func(t *testing.T) {
		s := openSeller(t)
		s.fynd.tired = 2
		s.exec(`UPDATE fynd_installs SET token_until = NULL`)
		s.session("pending", 0)
		s.move("e1", "captured")
		s.listen(1)
		if got := s.text(`SELECT concat_ws(' ', state, tries, next_at < clock_timestamp() + interval '3 seconds', problem) FROM partner_updates`); got != "queued 0 t Fynd gave no access token. Fynd had a fault of its own. Whether it took this is not known." {
			t.Errorf("while the buyer waits it says %q", got)
		}
		s.exec(`UPDATE partner_updates SET created_at = created_at - interval '1 day', next_at = clock_timestamp()`)
		s.listen(1)
		if got := s.text(`SELECT concat_ws(' ', state, tries, round(extract(epoch FROM next_at - clock_timestamp()))) FROM partner_updates`); got != "queued 0 60" {
			t.Errorf("after a day it says %q", got)
		}
		s.listen(1)
		if got := s.updates(); got != "complete done 1" {
			t.Errorf("%s: Fynd heard %v", got, s.fynd.heard)
		}
	})
	t.Run("an extension that was uninstalled", func(t *testing.T) {
		s := openSeller(t)
		s.session("pending", 0)
		s.exec(`UPDATE fynd_installs SET uninstalled_at = now()`)
		s.move("e1", "captured")
		s.listen(2)
		if got := s.text(`SELECT concat_ws(' ', state, tries, problem) FROM partner_updates`); !strings.HasPrefix(got, "queued 0 Company 1 has uninstalled") {
			t.Errorf("it says %q", got)
		}
	})
}

func TestMoneyDrawnInPartsIsToldEachTime(t *testing.T) {
	s := openSeller(t)
	s.exec(`UPDATE fynd_extensions SET auto_capture = false`)
	_, payment, _ := s.session("pending", 0)
	s.move("e1", "authorized")
	s.listen(1)
	for _, drawn := range []int64{4000, 10000} {
		s.exec(`UPDATE payments SET captured_minor = $1, status = 'success' WHERE id = $2`, drawn-1, payment)
		seen := snapshot("pay_1", "captured")
		seen.Captured = drawn
		s.send(signed(eventOf(fmt.Sprint("e", drawn), seen)))
		s.listen(1)
	}
	want := "TR1 complete 200, TR1 complete 200, TR1 complete 200"
	if got := strings.Join(s.fynd.heard, ", "); got != want {
		t.Errorf("Fynd heard %s", got)
	}
	for i, part := range []string{`"amount_captured":0,`, `"amount_captured":4000,`, `"amount_captured":10000,`} {
		if !strings.Contains(s.fynd.bodies[i], part) {
			t.Errorf("the words %d are %s", i+1, s.fynd.bodies[i])
		}
	}
	if got := s.text(`SELECT comment FROM order_history WHERE kind = 'partner' ORDER BY id`); got != "Fynd was told complete for the payment, which is held.\nFynd was told complete for the payment of 40.00 INR.\nFynd was told complete for the payment of 100.00 INR." {
		t.Errorf("history:\n%s", got)
	}
}

// A store that uses its own GoFynd API, without an extension, is told of as before.
func TestOrdersWithoutASessionAreNotTold(t *testing.T) {
	s := openSeller(t)
	order, payment := s.order("pay_1", "pending", 0)
	s.move("e1", "captured")
	s.bogus.Next(gatewaytest.Pend)
	if err := s.db.DispatchOperation(s.ctx, s.asked(order, payment, 4000).ID); err != nil {
		t.Fatal(err)
	}
	s.listen(1)
	if got := s.updates(); got != "" {
		t.Errorf("Fynd is told %s", got)
	}
}
