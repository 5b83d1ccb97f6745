package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"example.org/signet/keys"
	"example.org/signet/storage"
)

// maxMasterKeyFile bounds the file, in bytes; its text has 44 characters.
const maxMasterKeyFile = 1 << 10

// checkMasterKeys checks that each master key is given once, and that one is given
// with MongoDB, where all instances need the same.
func (s *storeSettings) checkMasterKeys(all *settings) []error {
	errs := checkMasterKey(all, "master-key-file", s.masterKeyFile, envMasterKey, s.masterKeyText)
	for _, k := range s.otherKeys {
		errs = append(errs, checkMasterKey(all, k.flag, k.file, k.env, k.text)...)
	}
	if s.isMongo() && s.masterKeyFile == "" && s.masterKeyText == "" {
		errs = append(errs, all.errorf("master-key-file", "must be given with MongoDB, or the key itself in %s: every instance needs the same; head -c 32 /dev/urandom | base64 makes one", envMasterKey))
	}
	return errs
}

func checkMasterKey(all *settings, flag, file, env, text string) []error {
	if text == "" {
		return nil
	}
	if file != "" {
		return []error{all.errorf(flag, "is given, and so is %s: give one of the two", env)}
	}
	if _, err := keys.ParseMasterKey(text); err != nil {
		return []error{fmt.Errorf("%s: %w", env, err)}
	}
	return nil
}

// otherKey is a master key that is used for decryption only, while the master key changes.
type otherKey struct {
	otherKeyKind
	file, text string
}

func (k otherKey) given() bool { return k.file != "" || k.text != "" }

type otherKeyKind struct{ flag, env, help string }

var otherKeys = [2]otherKeyKind{
	{"next-master-key-file", envPrefix + "NEXT_MASTER_KEY", "`FILE` with the master key to come, which is accepted already: see signet keys reseal; SIGNET_NEXT_MASTER_KEY can hold the key itself"},
	{"previous-master-key-file", envPrefix + "PREVIOUS_MASTER_KEY", "`FILE` with the master key before, which is still accepted; SIGNET_PREVIOUS_MASTER_KEY can hold the key itself"},
}

// isOtherKey tells whether the environment variable holds such a key.
func isOtherKey(variable string) bool {
	return slices.ContainsFunc(otherKeys[:], func(k otherKeyKind) bool { return k.env == variable })
}

// A masterKeyReader reads the master keys that the settings name.
type masterKeyReader struct {
	settings *storeSettings
	random   io.Reader
	messagef func(format string, args ...any) // prints a remark to the person
}

func (p *process) masterKeys(s *settings) masterKeyReader {
	return masterKeyReader{settings: &s.storeSettings, random: p.random, messagef: p.messagef}
}

// all returns the master key, and the others that are accepted.
func (r masterKeyReader) all(ctx context.Context, store storage.Keys) (keys.MasterKeys, error) {
	var others []keys.MasterKey
	for _, k := range r.settings.otherKeys {
		other, err := r.other(k)
		if err != nil {
			return keys.MasterKeys{}, fmt.Errorf("--%s: %w", k.flag, err)
		}
		others = append(others, other)
	}
	master, err := r.primary(ctx, store)
	return keys.NewMasterKeys(master, others...), err
}

// other returns the zero key where none is given.
func (r masterKeyReader) other(k otherKey) (keys.MasterKey, error) {
	switch {
	case k.text != "":
		return keys.ParseMasterKey(k.text)
	case k.file != "":
		return r.readFile(k.file, k.env)
	}
	return keys.MasterKey{}, nil
}

// masterKeyPath is the master key's file: beside an embedded store unless one
// is named.
func (s *storeSettings) masterKeyPath() string {
	if s.masterKeyFile != "" {
		return s.masterKeyFile
	}
	return filepath.Join(filepath.Dir(s.sqlitePath()), "master.key")
}

// primary reads the master key. For an embedded store that holds no keys yet
// it makes one; what an existing store's keys are sealed under is never
// replaced.
func (r masterKeyReader) primary(ctx context.Context, store storage.Keys) (keys.MasterKey, error) {
	if r.settings.masterKeyText != "" {
		return keys.ParseMasterKey(r.settings.masterKeyText)
	}
	path := r.settings.masterKeyPath()
	key, err := r.readFile(path, envMasterKey)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if r.settings.isMongo() {
		return keys.MasterKey{}, withHint(err, "with MongoDB the master key must be given: every instance needs the same")
	}
	existing, err := store.ListKeys(ctx)
	if err != nil {
		return keys.MasterKey{}, err
	}
	if len(existing) > 0 {
		return keys.MasterKey{}, withHint(fmt.Errorf("the master key file %s is missing, and the signing keys in %s are sealed under it", path, r.settings.storeName()),
			"put it back from your backup, or name it by --master-key-file or %s", envMasterKey)
	}
	return r.makeFile(path)
}

// existing reads the master key for a restore, which never makes one.
func (r masterKeyReader) existing() (keys.MasterKey, error) {
	if r.settings.masterKeyText != "" {
		return keys.ParseMasterKey(r.settings.masterKeyText)
	}
	key, err := r.readFile(r.settings.masterKeyPath(), envMasterKey)
	if errors.Is(err, fs.ErrNotExist) {
		return key, withHint(err, "a restore needs the master key of the backup: name it by --master-key-file or %s", envMasterKey)
	}
	return key, err
}

// readFile reads the key from its file. env is the variable that can hold the key
// instead, for the advice.
func (r masterKeyReader) readFile(path, env string) (keys.MasterKey, error) {
	info, err := os.Stat(path)
	if err != nil {
		return keys.MasterKey{}, explainKeyFileError(env, err)
	}
	warning, err := keyFileAccess{path: path, env: env, mode: info.Mode().Perm(), own: ownedByMe(info), readOnly: onReadOnlyMount(path)}.check()
	if err != nil {
		return keys.MasterKey{}, err
	}
	if warning != "" {
		r.messagef("signet: warning: %s", warning)
	}
	text, err := readBounded(path, maxMasterKeyFile)
	if err != nil {
		return keys.MasterKey{}, explainKeyFileError(env, err)
	}
	key, err := keys.ParseMasterKey(string(text))
	if err != nil {
		return keys.MasterKey{}, fmt.Errorf("%s: %w", path, err)
	}
	return key, nil
}

// explainKeyFileError adds a hint to the error of a key file that this user may not
// read, such as a secret that is mounted for root alone.
func explainKeyFileError(env string, err error) error {
	err = fmt.Errorf("read the master key: %w", err)
	if errors.Is(err, fs.ErrPermission) {
		return withHint(err, "mount it with mode 0440 and a group of this user (fsGroup in Kubernetes, gid in Swarm), or give the key itself in %s", env)
	}
	return err
}

// makeFile generates a key and stores it. If several processes do so at once
// one key wins, and all use it.
func (r masterKeyReader) makeFile(path string) (keys.MasterKey, error) {
	key, err := keys.NewMasterKey(r.random)
	if err != nil {
		return keys.MasterKey{}, err
	}
	err = createFile(path, []byte(key.Encode()+"\n"))
	if errors.Is(err, fs.ErrExist) {
		return r.readFile(path, envMasterKey)
	}
	if err != nil {
		return keys.MasterKey{}, fmt.Errorf("store a new master key: %w", err)
	}
	r.messagef("signet: generated a new master key: keep a copy of %s apart from the store's backups", path)
	return key, nil
}
