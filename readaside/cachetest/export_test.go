package cachetest

import "time"

// SetPatience sets the time limit of each call, for caches that hang.
func SetPatience(d time.Duration) { patience = d }
