package main

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"sync"
)

type item struct {
	ID   int    `json:"id"`
	Name string `json:"name"`
}

// items are kept in memory.
type items struct {
	mu   sync.Mutex
	last int
	all  []item
}

func newItems(names ...string) *items {
	s := &items{}
	for _, name := range names {
		s.add(name)
	}
	return s
}

func (s *items) add(name string) item {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	it := item{s.last, name}
	s.all = append(s.all, it)
	return it
}

func (s *items) list(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	all := slices.Clone(s.all)
	s.mu.Unlock()
	answer(w, http.StatusOK, all)
}

func (s *items) create(w http.ResponseWriter, r *http.Request) {
	var in item
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 4<<10)).Decode(&in)
	if err != nil || in.Name == "" {
		answer(w, http.StatusUnprocessableEntity, map[string]string{"detail": "an item has a name"})
		return
	}
	answer(w, http.StatusCreated, s.add(in.Name))
}

func (s *items) delete(w http.ResponseWriter, r *http.Request) {
	id, _ := strconv.Atoi(r.PathValue("id")) // no number: no item has the id 0
	s.mu.Lock()
	before := len(s.all)
	s.all = slices.DeleteFunc(s.all, func(it item) bool { return it.ID == id })
	gone := len(s.all) < before
	s.mu.Unlock()
	if !gone {
		answer(w, http.StatusNotFound, map[string]string{"detail": "no such item"})
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client may have gone
}
