package store

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"gorm.io/gorm"
)

// TestInsertRowsKeepsEveryValue writes more rows than a statement holds, with
// texts that would break out of a statement if they stood in it, and reads them
// back.
func TestInsertRowsKeepsEveryValue(t *testing.T) {
	records, err := OpenRecords(t.Context(), RecordsOptions{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer records.Close()
	if err := records.Write(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	nasty := []string{"", "'", "''); DROP TABLE attempts;--", "$1", "?1", "?", `"x"`, "驿站 🏮", "%s\\", "\n", "same", "same"}
	var rows []attemptRow
	for i := range 3*rowsPerInsert + 1 {
		s := nasty[i%len(nasty)]
		rows = append(rows, attemptRow{
			Call: int64(i - 5), Seq: i, Provider: s, Model: nasty[(i+1)%len(nasty)], KeyID: s, KeyName: "k",
			StartUS: -1, HeadersUS: 1 << 62, FirstUS: int64(i), Status: 200, Class: s, Message: s + s,
		})
	}
	if err := records.write.Transaction(func(db *gorm.DB) error { return insertRows(db, rows) }); err != nil {
		t.Fatal(err)
	}
	var got []attemptRow
	if err := records.write.Order("seq").Find(&got).Error; err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(rows, got); diff != "" {
		t.Error(diff)
	}
}
