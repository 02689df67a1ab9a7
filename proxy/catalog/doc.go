// Package catalog is the list of vendors Posthouse knows, as data. A vendor is
// one entry in vendors.go: what it is called, where it lives, how its key is
// sent, which models it is known for and which oddities its API has. The
// proxy, the console API, the console and the installer all read this one
// list, so adding an OpenAI-compatible vendor is adding one entry.
//
// Besides the list there are three questions put to an entry: where is this
// endpoint (Resolve), what did the admin mean by this URL (Tidy), and what is
// this model (Model). All are pure functions; nothing here touches the network.
package catalog
