package main

// The console's pages ask for days of their own time zone, and containers often
// have no zone database.
import _ "time/tzdata"
