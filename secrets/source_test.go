package secrets_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/secrets"
)

func TestEnvReadsTheVariableAsItIs(t *testing.T) {
	t.Setenv("MOMENTO", "x")
	doc, err := secrets.Env{Name: "MOMENTO"}.Fetch(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "MOMENTO", doc.Name())
	assert.Empty(t, doc.VersionID())
	token, err := doc.Text()
	require.NoError(t, err)
	assert.Equal(t, "x", token.Reveal())

	t.Setenv("MOMENTO", "y\n")
	_, err = secrets.Load(t.Context(), secrets.Env{Name: "MOMENTO"}, "")
	assert.ErrorIs(t, err, secrets.ErrWhitespace)
}

func TestAnUnsetVariableIsNotFoundAndAnEmptyOneEmpty(t *testing.T) {
	t.Setenv("MOMENTO_EMPTY", "")
	_, err := secrets.Load(t.Context(), secrets.Env{Name: "MOMENTO_EMPTY"}, "")
	assert.ErrorIs(t, err, secrets.ErrEmpty)
	_, err = secrets.Load(t.Context(), secrets.Env{Name: "MOMENTO_UNSET"}, "")
	require.ErrorIs(t, err, secrets.ErrNotFound)
	assert.ErrorContains(t, err, "MOMENTO_UNSET")
	_, err = secrets.Load(t.Context(), secrets.Env{}, "")
	assert.ErrorIs(t, err, secrets.ErrNotFound)
}

func TestOneFinalNewlineOfAFileIsTrimmed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		want string
		kind error
	}{
		"none":        {"x", "x", nil},
		"one":         {"x\n", "x", nil},
		"of Windows":  {"x\r\n", "x", nil},
		"within":      {"x\ny\n", "x\ny", nil},
		"two":         {"x\n\n", "", secrets.ErrWhitespace},
		"only one":    {"\n", "", secrets.ErrEmpty},
		"empty":       {"", "", secrets.ErrEmpty},
		"in front":    {"\nx", "", secrets.ErrWhitespace},
		"with a BOM":  {bom + "x", "", secrets.ErrWhitespace},
		"not UTF-8":   {"x\xff", "", secrets.ErrNotText},
		"blank ahead": {"x \n", "", secrets.ErrWhitespace},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "token")
			require.NoError(t, os.WriteFile(path, []byte(c.text), 0o600))

			token, err := secrets.Load(t.Context(), secrets.File{Path: path}, "")

			if c.kind != nil {
				require.ErrorIs(t, err, c.kind)
				assert.ErrorContains(t, err, path)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.want, token.Reveal())
		})
	}
}

func TestAFileIsReadAnewEachTime(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "token")
	for _, text := range []string{"one", "two"} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		token, err := secrets.Load(t.Context(), secrets.File{Path: path}, "")
		require.NoError(t, err)
		assert.Equal(t, text, token.Reveal())
	}
}

func TestAFileThatCannotBeReadSaysWhy(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	_, err := secrets.File{Path: filepath.Join(directory, "none")}.Fetch(t.Context())
	require.ErrorIs(t, err, secrets.ErrNotFound)
	assert.ErrorIs(t, err, os.ErrNotExist)
	_, err = secrets.File{}.Fetch(t.Context())
	assert.ErrorIs(t, err, secrets.ErrNotFound)

	_, err = secrets.File{Path: directory}.Fetch(t.Context())
	assert.ErrorContains(t, err, "directory")

	large := filepath.Join(directory, "large")
	require.NoError(t, os.WriteFile(large, []byte(strings.Repeat("x", 1<<20+1)), 0o600))
	_, err = secrets.File{Path: large}.Fetch(t.Context())
	assert.ErrorContains(t, err, "larger than 1 MiB")

	if os.Getuid() == 0 {
		t.Skip("root may read everything")
	}
	locked := filepath.Join(directory, "locked")
	require.NoError(t, os.WriteFile(locked, []byte("x"), 0))
	_, err = secrets.File{Path: locked}.Fetch(t.Context())
	assert.ErrorIs(t, err, secrets.ErrAccessDenied)
}

func TestNoSourceReadsForAContextThatHasEnded(t *testing.T) {
	t.Setenv("MOMENTO", "x")
	path := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(path, []byte("x"), 0o600))
	s := answer(t, 200, valueOf("x"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, src := range []secrets.Source{
		secrets.Env{Name: "MOMENTO"}, secrets.File{Path: path}, source(s.url), secrets.Extension{ID: secretID, Endpoint: s.url},
	} {
		_, err := src.Fetch(ctx)
		var failure *secrets.Error
		require.ErrorAs(t, err, &failure, "%T", src)
		assert.Equal(t, context.Canceled, failure.Kind, "%T", src)
		assert.NotErrorIs(t, err, secrets.ErrTimeout, "%T", src)
	}
	assert.Zero(t, s.requests.Load())
}
