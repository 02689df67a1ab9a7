// Package auth answers who somebody is, and keeps secrets. It holds no data:
// admins, sessions and tokens lie in server/store, this package makes and
// checks what is stored there.
//
//   - KeyRing: the installation's master key. It seals the vendors' keys in
//     the database and derives the key that signs sessions, so that another
//     installation, or this one with a new key file, accepts none of them.
//   - HashPassword, VerifyPassword: argon2id, two at a time.
//   - Sessions: the console's cookie, a JWT that names a session row.
//   - Lockout: how long to wait after wrong passwords.
//   - NewConsumerKey, NewAPIToken, SetupFile: random secrets that are shown
//     once and stored as a hash, or not at all.
package auth
