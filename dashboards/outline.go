package dashboards

import (
	_ "embed"
	"encoding/json"
	"fmt"
)

//go:embed outlines/departements.geojson
var outlineFile []byte

// place is a point of the globe in degrees (WGS 84).
type place struct{ longitude, latitude float64 }

// outline is the border of a département: rings, of which those inside another are
// holes.
type outline struct {
	code, name string
	rings      [][]place
}

// parseOutlines reads a FeatureCollection of polygons (RFC 7946) whose properties
// are "code" and "nom". The error names the feature, counted from 0.
func parseOutlines(raw []byte) ([]outline, error) {
	var file struct {
		Features []struct {
			Properties struct{ Code, Nom string }
			Geometry   struct {
				Type        string
				Coordinates json.RawMessage
			}
		}
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		return nil, fmt.Errorf("outlines: expected a FeatureCollection: %w", err)
	}
	all := make([]outline, 0, len(file.Features))
	for n, feature := range file.Features {
		o := outline{code: feature.Properties.Code, name: feature.Properties.Nom}
		polygons, err := readPolygons(feature.Geometry.Type, feature.Geometry.Coordinates)
		if err != nil {
			return nil, fmt.Errorf("outlines: feature %d (%s): %w", n, o.code, err)
		}
		for _, polygon := range polygons {
			for _, ring := range polygon {
				places, err := readRing(ring)
				if err != nil {
					return nil, fmt.Errorf("outlines: feature %d (%s): %w", n, o.code, err)
				}
				o.rings = append(o.rings, places)
			}
		}
		if len(o.rings) == 0 {
			return nil, fmt.Errorf("outlines: feature %d (%s): no ring: expected 1 or more", n, o.code)
		}
		all = append(all, o)
	}
	return all, nil
}

// readPolygons gives the rings of each polygon, whether the feature has one or many.
func readPolygons(kind string, coordinates json.RawMessage) ([][][][]float64, error) {
	switch kind {
	case "Polygon":
		polygons := make([][][][]float64, 1)
		err := json.Unmarshal(coordinates, &polygons[0])
		return polygons, err
	case "MultiPolygon":
		var polygons [][][][]float64
		err := json.Unmarshal(coordinates, &polygons)
		return polygons, err
	}
	return nil, fmt.Errorf("geometry %q: expected Polygon or MultiPolygon", kind)
}

// readRing reads a linear ring: 4 positions or more.
func readRing(ring [][]float64) ([]place, error) {
	if len(ring) < 4 {
		return nil, fmt.Errorf("ring of %d positions: expected 4 or more", len(ring))
	}
	places := make([]place, 0, len(ring))
	for _, position := range ring {
		if len(position) < 2 || position[0] < -180 || position[0] > 180 || position[1] < -90 || position[1] > 90 {
			return nil, fmt.Errorf("position %v: expected longitude and latitude in degrees", position)
		}
		places = append(places, place{position[0], position[1]})
	}
	return places, nil
}
