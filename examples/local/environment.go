package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/warmclient/warmclient/examples/internal/emulator"
)

// setEnvironment sets the environment that the functions have on Lambda and unsets all other
// settings of the AWS SDK, such as a profile, which could select a real account.
func setEnvironment(stack *emulator.Stack, more ...string) error {
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, "AWS_") || strings.HasPrefix(name, "MOMENTO_") || strings.HasPrefix(name, "CACHE_") {
			if err := os.Unsetenv(name); err != nil {
				return fmt.Errorf("unset %s: %w", name, err)
			}
		}
	}
	for _, entry := range append(append(stack.Environ(), more...),
		"AWS_CONFIG_FILE="+os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE="+os.DevNull,
		"AWS_EC2_METADATA_DISABLED=true",
		"DEMO_TRUST_AUTHORIZATION_HEADER=true",
	) {
		name, value, _ := strings.Cut(entry, "=")
		if err := os.Setenv(name, value); err != nil {
			return fmt.Errorf("set %s: %w", name, err)
		}
	}
	return nil
}
