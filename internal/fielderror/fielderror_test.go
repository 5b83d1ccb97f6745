package fielderror_test

import (
	"errors"
	"fmt"
	"testing"

	"example.org/signet/internal/fielderror"
)

func TestList_ReportsEveryFault(t *testing.T) {
	var list fielderror.List
	if err := list.Err(); err != nil {
		t.Errorf("no fault is the error %v", err)
	}
	list.Addf("a", "is %d", 1)
	list.Addf("b", "is missing")
	err := fmt.Errorf("context: %w", list.Err())
	if want := "context: a: is 1; b: is missing"; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
	var first *fielderror.Error
	if !errors.As(err, &first) || first.Field != "a" || first.Reason != "is 1" {
		t.Errorf("errors.As gives %+v", first)
	}
	if all := fielderror.All(err); len(all) != 2 || all[1].Field != "b" {
		t.Errorf("All gives %v", all)
	}
}

func TestAll_OfOtherErrors(t *testing.T) {
	if got := fielderror.All(fmt.Errorf("context: %w", &fielderror.Error{Field: "a"})); len(got) != 1 || got[0].Field != "a" {
		t.Errorf("one fault gives %v", got)
	}
	for _, err := range []error{nil, errors.New("another")} {
		if got := fielderror.All(err); got != nil {
			t.Errorf("%v gives %v", err, got)
		}
	}
}
