package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"
)

// maxConfig bounds the configuration file, in bytes.
const maxConfig = 1 << 20

// readConfig reads the file's settings, all of which must be known, as a layer each.
// No file is no settings.
func readConfig(path string, settings *pflag.FlagSet) (map[string]any, []error) {
	if path == "" {
		return nil, nil
	}
	data, err := readBounded(path, maxConfig)
	if err != nil {
		return nil, []error{fmt.Errorf("--config: %w", err)}
	}
	var doc yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	if err := decoder.Decode(&doc); errors.Is(err, io.EOF) {
		return nil, nil // empty, or comments only
	} else if err != nil {
		return nil, []error{fmt.Errorf("--config: %s: %w", path, err)}
	}
	top := doc.Content[0]
	if top.Kind != yaml.MappingNode || !errors.Is(decoder.Decode(&yaml.Node{}), io.EOF) {
		return nil, []error{fmt.Errorf("--config: %s must be one YAML mapping of settings, such as \"access-token-ttl: 5m\"", path)}
	}
	return readMapping(path, top, settings)
}

func readMapping(path string, top *yaml.Node, settings *pflag.FlagSet) (map[string]any, []error) {
	layers, seen := map[string]any{}, map[string]bool{}
	var errs []error
	for n := 0; n+1 < len(top.Content); n += 2 {
		key, value := top.Content[n], top.Content[n+1]
		setting := settings.Lookup(key.Value)
		text, err := flagText(value, setting)
		switch {
		case setting == nil || key.Value == "config":
			err = fmt.Errorf("%q is not a setting%s", key.Value, suggestSetting(key.Value, settings))
		case seen[key.Value]:
			err = fmt.Errorf("%s stands twice", key.Value)
		case err != nil:
			err = fmt.Errorf("--%s: %w", key.Value, err)
		}
		seen[key.Value] = true
		if err != nil {
			errs = append(errs, fmt.Errorf("%s line %d: %w", path, key.Line, err))
			continue
		}
		layers[key.Value] = layer{Text: text, From: fmt.Sprintf("%s line %d: %s", path, key.Line, key.Value)}
	}
	return layers, errs
}

// flagText returns the value in the spelling of its flag.
func flagText(n *yaml.Node, setting *pflag.Flag) (string, error) {
	switch {
	case n.Kind == yaml.ScalarNode && n.Tag == "!!null":
		return "", errors.New("has no value")
	case n.Kind == yaml.ScalarNode:
		return n.Value, nil
	case setting == nil || setting.Value.Type() != "stringSlice":
		return "", errors.New("must be a single value")
	case n.Kind != yaml.SequenceNode:
		return "", errors.New("must be a list")
	}
	parts := make([]string, len(n.Content))
	for i, part := range n.Content {
		if part.Kind != yaml.ScalarNode {
			return "", errors.New("must be a list of single values")
		}
		parts[i] = part.Value
	}
	return strings.Join(parts, ","), nil
}
