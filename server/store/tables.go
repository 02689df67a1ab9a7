package store

// The rows as they lie in the tables. The json tags are how revisions show
// them: what identifies or merely counts (id, version, times) is left out.

type providerRow struct {
	ID           string                    `json:"-"`
	Name         string                    `json:"name"`
	Vendor       string                    `json:"vendor"`
	Position     int                       `json:"-"`
	Enabled      bool                      `json:"enabled"`
	Region       string                    `json:"region,omitempty"`
	BaseURL      string                    `json:"base_url,omitempty"`
	Fields       column[map[string]string] `json:"fields"`
	Additions    string                    `json:"-"` // sealed; see additions
	AllowPrivate bool                      `json:"allow_private"`
	Models       column[[]string]          `json:"models"`
	Timeouts     column[timeoutsDoc]       `json:"timeouts"`
	Version      int64                     `json:"version"`
	CreatedMS    int64                     `json:"-"`
	UpdatedMS    int64                     `json:"-"`
}

// TableName implements gorm's schema.Tabler, as all of these do.
func (providerRow) TableName() string { return "providers" }

type providerKeyRow struct {
	ID         string `json:"id"`
	ProviderID string `json:"-"`
	Name       string `json:"name"`
	Sealed     string `json:"-"`
	Hint       string `json:"hint"`
	Weight     int    `json:"weight"`
	Enabled    bool   `json:"enabled"`
	Position   int    `json:"-"`
	CreatedMS  int64  `json:"-"`
	UpdatedMS  int64  `json:"-"`
}

func (providerKeyRow) TableName() string { return "provider_keys" }

type routeRow struct {
	ID         string              `json:"-"`
	Name       string              `json:"name"`
	Position   int                 `json:"-"`
	Enabled    bool                `json:"enabled"`
	Conditions column[matchDoc]    `json:"match"`
	Targets    column[[]targetDoc] `json:"targets"`
	Fallback   column[[]stepDoc]   `json:"fallback"`
	Triggers   column[[]string]    `json:"on"`
	Timeouts   column[timeoutsDoc] `json:"timeouts"`
	Failover   column[failoverDoc] `json:"failover"`
	Version    int64               `json:"version"`
	CreatedMS  int64               `json:"-"`
	UpdatedMS  int64               `json:"-"`
}

func (routeRow) TableName() string { return "routes" }

type consumerRow struct {
	ID        string           `json:"-"`
	Name      string           `json:"name"`
	Enabled   bool             `json:"enabled"`
	Models    column[[]string] `json:"models"`
	Routes    column[[]string] `json:"routes"`
	Version   int64            `json:"version"`
	CreatedMS int64            `json:"-"`
	UpdatedMS int64            `json:"-"`
}

func (consumerRow) TableName() string { return "consumers" }

type consumerKeyRow struct {
	ID         string `json:"id"`
	ConsumerID string `json:"-"`
	Name       string `json:"name"`
	Hash       string `json:"-"`
	Hint       string `json:"hint"`
	Enabled    bool   `json:"enabled"`
	ExpiresMS  int64  `json:"expires_ms,omitempty"`
	CreatedMS  int64  `json:"-"`
}

func (consumerKeyRow) TableName() string { return "consumer_keys" }

type settingsRow struct {
	ID       int64               `gorm:"autoIncrement:false" json:"-"`
	Access   string              `json:"access"`
	Limits   column[limitsDoc]   `json:"limits"`
	Timeouts column[timeoutsDoc] `json:"timeouts"`
	Version  int64               `json:"version"`
}

func (settingsRow) TableName() string { return "settings" }

type revisionRow struct {
	ID        int64 `gorm:"autoIncrement:false"`
	AtMS      int64
	ActorID   string
	ActorName string
	ActorVia  string
	ActorIP   string
	Summary   string
}

func (revisionRow) TableName() string { return "revisions" }

type revisionItemRow struct {
	RevisionID int64 `gorm:"primaryKey;autoIncrement:false"`
	Seq        int64 `gorm:"primaryKey;autoIncrement:false"`
	Kind       string
	ItemID     string
	Name       string
	Op         string
	BeforeJSON string
	AfterJSON  string
}

func (revisionItemRow) TableName() string { return "revision_items" }

type adminRow struct {
	ID             string
	Name           string
	PasswordHash   string
	SessionVersion int64
	CreatedMS      int64
	PasswordMS     int64
}

func (adminRow) TableName() string { return "admins" }

type sessionRow struct {
	ID        string
	AdminID   string
	CreatedMS int64
	SeenMS    int64
	ExpiresMS int64
	IP        string
	UserAgent string
	Revoked   bool
}

func (sessionRow) TableName() string { return "sessions" }

type apiTokenRow struct {
	ID         string
	Name       string
	AdminID    string
	Hash       string
	Hint       string
	CreatedMS  int64
	LastUsedMS int64
	ExpiresMS  int64
	Revoked    bool
}

func (apiTokenRow) TableName() string { return "api_tokens" }
