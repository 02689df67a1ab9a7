package store

import (
	"crypto/rand"
	"encoding/json"
	"strings"
	"time"

	"github.com/posthouse/posthouse/proxy"
)

// Provider is a vendor plus what an admin entered. Keys are read with it but
// written by their own methods only.
type Provider struct {
	ID, Name, Vendor       string
	Position               int // its place in lists, from 0; changed by Tx.MoveProviders only
	Enabled                bool
	Region, BaseURL, Proxy string
	Fields, Headers, Query map[string]string
	AllowPrivate           bool
	Models                 []string
	Timeouts               proxy.Timeouts
	Version                int64 // grows with every change, also of its keys; an update must name the one it read
	CreatedAt, UpdatedAt   time.Time
	Keys                   []ProviderKey // in order
}

// ProviderKey is a vendor's key without the secret, which only Config reads.
type ProviderKey struct {
	ID, ProviderID, Name string
	Hint                 string // what may be shown of the secret: "****" and its end
	Weight               int
	Enabled              bool
	Position             int // its place in the provider, from 0
	CreatedAt, UpdatedAt time.Time
	Broken               string // why the secret cannot be read; empty: it can
}

// Route is an AI route.
type Route struct {
	ID, Name             string
	Position             int // its place, from 0: the first that matches serves; changed by Tx.MoveRoutes only
	Enabled              bool
	Match                proxy.Match
	Targets              []proxy.Target
	Fallback             []proxy.Step
	On                   []string
	Timeouts             proxy.Timeouts
	Failover             proxy.Failover
	Capture              proxy.Capture
	Balance              proxy.Balance
	Affinity             proxy.Affinity
	Strict               bool // what can't be carried into a vendor's dialect is refused
	Version              int64
	CreatedAt, UpdatedAt time.Time
}

// Consumer is someone who may call the proxy. Keys are read with it but
// written by their own methods only.
type Consumer struct {
	ID, Name             string
	Enabled              bool
	Models, Routes       []string
	Version              int64 // grows with every change, also of its keys
	CreatedAt, UpdatedAt time.Time
	Keys                 []ConsumerKey // oldest first
}

// ConsumerKey lets a consumer in. Only the SHA-256 of the key is stored.
type ConsumerKey struct {
	ID, ConsumerID, Name, Hint string
	Hash                       [32]byte
	Enabled                    bool
	Expires                    time.Time // zero: never
	CreatedAt                  time.Time
}

// Settings are the settings that belong to no item.
type Settings struct {
	Access   proxy.AccessMode
	Limits   proxy.Limits
	Timeouts proxy.Timeouts
	Version  int64
}

// Actor is who makes a change and how.
type Actor struct {
	ID, Name string
	Via      string // "session", "token", "cli", "file" or "setup"
	IP       string
}

// Revision is one change as it is remembered: who, when, what.
type Revision struct {
	ID      int64 // grows by one with every change; 0: nothing was changed
	At      time.Time
	Actor   Actor
	Summary string
	Items   []RevisionItem
}

// RevisionItem is one item that a change touched. Before and After are the
// item as JSON, secrets shown as hints only; Before is nil for a create, After
// for a delete.
type RevisionItem struct {
	Kind          string // "provider", "route", "consumer", "settings", "provider order", "route order"
	ID, Name      string
	Op            string // "create", "update" or "delete"
	Before, After json.RawMessage
}

// The values of RevisionItem.Op.
const (
	OpCreate = "create"
	OpUpdate = "update"
	OpDelete = "delete"
)

// Admin is a person who may use the console.
type Admin struct {
	ID, Name       string
	PasswordHash   string // PHC string; never leaves the server
	SessionVersion int64  // grows when all sessions end; a session's token names the one it was made with
	CreatedAt      time.Time
	PasswordAt     time.Time // when the password was last set
}

// Session is a console login.
type Session struct {
	ID, AdminID   string
	CreatedAt     time.Time
	SeenAt        time.Time
	Expires       time.Time
	IP, UserAgent string
	Revoked       bool
}

// APIToken lets a program use the console API. Only its SHA-256 is stored.
type APIToken struct {
	ID, Name   string
	AdminID    string
	Hash       [32]byte
	Hint       string
	CreatedAt  time.Time
	LastUsedAt time.Time // zero: never
	Expires    time.Time // zero: never
	Revoked    bool
}

// NewID makes an id: 26 lower-case letters and digits, 130 random bits.
func NewID() string { return strings.ToLower(rand.Text()) }
