package upstream

// MaxWaiting is for tests.
const MaxWaiting = maxWaiting
