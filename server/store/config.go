package store

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"github.com/posthouse/posthouse/proxy"
)

// Config reads everything the data plane serves from, as of one moment. A
// provider key that cannot be unsealed is disabled and takes nothing else down.
func (s *Store) Config(ctx context.Context) (proxy.Config, error) {
	var config proxy.Config
	err := s.read.WithContext(ctx).Transaction(func(db *gorm.DB) error {
		var err error
		config, err = queries{db: db, sealer: s.opts.Sealer}.config()
		return err
	})
	if err != nil {
		return proxy.Config{}, dbError(err)
	}
	return config, nil
}

// Snapshot compiles the configuration. The faults are those of items that are
// left out of the snapshot; they are no reason not to serve it.
func (s *Store) Snapshot(ctx context.Context) (*proxy.Snapshot, []proxy.Fault, error) {
	config, err := s.Config(ctx)
	if err != nil {
		return nil, nil, err
	}
	snapshot, faults := proxy.Compile(config)
	return snapshot, faults, nil
}

// at are the reads of a store.
func (s *Store) at(ctx context.Context) queries {
	return queries{db: s.read.WithContext(ctx), sealer: s.opts.Sealer}
}

// config reads everything.
func (q queries) config() (proxy.Config, error) {
	settings, err := q.Settings()
	if err != nil {
		return proxy.Config{}, err
	}
	providers, err := q.proxyProviders()
	if err != nil {
		return proxy.Config{}, err
	}
	routes, err := q.Routes()
	if err != nil {
		return proxy.Config{}, err
	}
	consumers, err := q.Consumers()
	if err != nil {
		return proxy.Config{}, err
	}
	prices, err := q.Prices()
	if err != nil {
		return proxy.Config{}, err
	}
	currency, err := q.Currency()
	if err != nil {
		return proxy.Config{}, err
	}
	config := proxy.Config{
		Access: proxy.Access{Mode: settings.Access}, Limits: settings.Limits, Timeouts: settings.Timeouts,
		Providers: providers, Routes: mapped(routes, proxyRoute), Consumers: mapped(consumers, proxyConsumer),
	}
	for _, p := range prices {
		config.Prices = append(config.Prices, p.Entry)
	}
	// Headers that can't be unsealed are the exporter's trouble, not the proxy's.
	if tracing, _ := q.Tracing(); tracing.Enabled {
		config.Tracing = proxy.Tracing{Enabled: true, Sample: tracing.Sample, Propagate: tracing.Propagate}
	}
	if currency.Version > 0 {
		config.Exchange = currency.Exchange
	}
	return config, nil
}

// proxyProviders reads all providers with their secrets.
func (q queries) proxyProviders() ([]proxy.Provider, error) {
	var rows []providerRow
	if err := q.db.Order("position, id").Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("read providers: %w", dbError(err))
	}
	keys, err := q.allProviderKeys()
	if err != nil {
		return nil, err
	}
	return mapped(rows, func(r providerRow) proxy.Provider { return q.proxyProvider(r, keys[r.ID]) }), nil
}
