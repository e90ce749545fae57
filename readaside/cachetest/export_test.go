package cachetest

import "time"

// SetPatience sets the bound of each call, for caches that hang.
func SetPatience(d time.Duration) { patience = d }
