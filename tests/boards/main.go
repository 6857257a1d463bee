// Command boards reads Grafana's boards as strictly as Grafana's own schema allows, and says each fault on a line.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

// The strict reader of a board leaves out what is inside this.
type fieldConfigs struct {
	Panels []struct {
		FieldConfig json.RawMessage `json:"fieldConfig"`
	} `json:"panels"`
}

// The kinds of panels and sources that our boards have: their options are read strictly, too.
func register() {
	runtime := cog.NewRuntime()
	runtime.RegisterPanelcfgVariant(stat.VariantConfig())
	runtime.RegisterPanelcfgVariant(timeseries.VariantConfig())
	runtime.RegisterDataqueryVariant(prometheus.VariantConfig())
}

// The reader returns an empty list of faults where it found none, which is not nil.
func found(err error, where string) []string {
	if err == nil || err.Error() == "" {
		return nil
	}
	return []string{where + err.Error()}
}

func faults(raw []byte) []string {
	var strict, board dashboard.Dashboard
	said := found(strict.UnmarshalJSONStrict(raw), "")
	// The strict reader does not keep the panels that it read, so that limits are held against another's.
	if json.Unmarshal(raw, &board) != nil {
		return said
	}
	said = append(said, found(board.Validate(), "")...)
	for i, each := range board.Panels {
		where := fmt.Sprintf("panels[%d]: ", i)
		if each.Panel == nil {
			said = append(said, where+"not a panel with figures")
		} else if _, known := cog.ConfigForPanelcfgVariant(each.Panel.Type); !known {
			said = append(said, where+"no reader is registered for the type "+each.Panel.Type)
		}
	}
	return append(said, faultsOfFields(raw)...)
}

func faultsOfFields(raw []byte) []string {
	var board fieldConfigs
	said := found(json.Unmarshal(raw, &board), "")
	for i, panel := range board.Panels {
		var fields dashboard.FieldConfigSource
		said = append(said, found(fields.UnmarshalJSONStrict(panel.FieldConfig), fmt.Sprintf("panels[%d].fieldConfig: ", i))...)
	}
	return said
}

func main() {
	register()
	wrong := false
	for _, path := range os.Args[1:] {
		raw, err := os.ReadFile(path)
		said := found(err, "")
		if err == nil {
			said = faults(raw)
		}
		for _, fault := range said {
			fmt.Printf("%s: %s\n", path, fault)
			wrong = true
		}
	}
	if wrong {
		os.Exit(1)
	}
}
