package storage

// A Verdict is what a check of a store came to.
type Verdict string

// The verdicts. With a warning Signet works, though not as it should in production.
const (
	Passed Verdict = "ok"
	Warned Verdict = "warning"
	Failed Verdict = "failed"
)

// A Finding is one property that Signet relies on.
type Finding struct {
	Name    string  `json:"name"`
	Verdict Verdict `json:"verdict"`
	Detail  string  `json:"detail"`
}
