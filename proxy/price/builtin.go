package price

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"sync"
)

//go:embed prices.json
var shippedJSON []byte

// List is a price list with the day it was put together.
type List struct {
	AsOf   Date    `json:"as_of"`
	Note   string  `json:"note,omitempty"`
	Prices []Entry `json:"prices"`
}

// Shipped is the price list that comes with Posthouse: estimates, which
// somebody who relies on them has to check against the vendors'. It is shared:
// callers must not change it.
var Shipped = sync.OnceValue(func() List {
	list, err := ParseList(shippedJSON)
	if err != nil {
		panic(err) // it is part of the program, and a test reads it
	}
	return list
})

// ParseList reads a price list and checks it.
func ParseList(data []byte) (List, error) {
	var list List
	if err := json.Unmarshal(data, &list); err != nil {
		return List{}, fmt.Errorf("price list: %w", err)
	}
	for i, e := range list.Prices {
		if field, err := e.Check(); err != nil {
			return List{}, fmt.Errorf("price list: prices[%d].%s (%s %s): %w", i, field, e.Vendor+e.Provider, e.Model, err)
		}
	}
	return list, nil
}
