// Package odb is Git's object database: objects by their ids, and where they lie.
//
// A Source reads objects. A Disk is that of a clone (loose objects, packs, what is borrowed from elsewhere) and an Overlay
// holds new objects in memory above another source. Trees, packs and the commit-graph are read and written in the forms
// of gitformat-pack(5) and its siblings, whatever the bytes: files and packs come from strangers. A Lineage walks from
// commit to commit. The package knows no refs, no configuration, no network and no git program.
package odb
