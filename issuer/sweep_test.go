package issuer_test

import (
	"testing"
	"time"

	"example.org/signet/issuer/admin"
	"example.org/signet/storage"
)

// Sessions are swept a day after their end, not before.
func TestSweep_SparesSessionsForADay(t *testing.T) {
	f := newFixture(t).withAlice()
	f.mustLogin()
	f.mustLogin()
	f.advance(72 * time.Hour)
	_, err := f.Sweep(f.ctx)
	must(t, err)
	page, err := f.operator().Sessions().List(f.ctx, admin.SessionQuery{}, storage.Page{})
	if err != nil || len(page.Items) != 2 {
		t.Errorf("sessions went within a day of their end: %d, %v", len(page.Items), err)
	}
	f.advance(25 * time.Hour)
	_, err = f.Sweep(f.ctx)
	must(t, err)
	if page, err = f.operator().Sessions().List(f.ctx, admin.SessionQuery{}, storage.Page{}); err != nil || len(page.Items) != 0 {
		t.Errorf("%d sessions left a day after their end, %v", len(page.Items), err)
	}
}
