// The grid: a window on the rows of the server, edited in place.

import { AllCommunityModule, ModuleRegistry, colorSchemeDark, colorSchemeLight, createGrid, themeQuartz } from "./grid.js";
import { element, maybe, nonce, read, word } from "./talk.js";

ModuleRegistry.registerModules([AllCommunityModule]);
const BLOCK = 100;
const dark = matchMedia("(prefers-color-scheme: dark)");
const narrow = matchMedia("(max-width: 700px)");

function theme() {
  const looks = themeQuartz.withPart(dark.matches ? colorSchemeDark : colorSchemeLight);
  return looks.withParams({ fontFamily: "inherit", fontSize: 14, rowHeight: 34, headerHeight: 36, spacing: 6 });
}

const status = (name) => maybe(`s_${name}`, name);
const wrong = (row) => (row?.problems ?? []).filter((one) => one.severity === "error");
const offered = (row) => (row?.problems ?? []).find((one) => one.suggestion !== null && one.cell !== null);

/** Begin the grid in `place`. `ask` has filters(), once(), edit(row, cell, text), accept(row, problem), chosen(row, cell). */
export function table(place, ask) {
  let waiting = false;
  const options = {
    theme: theme(), styleNonce: nonce, rowModelType: "infinite", cacheBlockSize: BLOCK, maxBlocksInCache: 30,
    cacheOverflowSize: 1, blockLoadDebounceMillis: 20, infiniteInitialRowCount: 1, readOnlyEdit: true,
    ensureDomOrder: true, enableCellTextSelection: true, suppressMovableColumns: true, stopEditingWhenCellsLoseFocus: true,
    suppressScrollOnNewData: true, animateRows: false, defaultColDef: { sortable: false, resizable: true, suppressHeaderMenuButton: true },
    getRowId: (params) => String(params.data.id), localeText: { loadingOoo: word("loading"), loadingError: "…", noRowsToShow: word("no_causes") },
    columnDefs: [], onCellEditRequest: (event) => ask.edit(event.data, Number(event.column.getColId().slice(1)), event.newValue ?? "", event.node),
    onCellEditingStopped: () => {
      if (waiting) setTimeout(() => api.refreshInfiniteCache(), 0);
      waiting = false;
    },
    onCellFocused: (event) => focused(event), onCellKeyDown: (event) => pressed(event),
  };
  const api = createGrid(place, options);
  dark.addEventListener("change", () => api.setGridOption("theme", theme()));
  let loaded = 0;

  function focused(event) {
    const node = event.rowIndex === null ? null : api.getDisplayedRowAtIndex(event.rowIndex);
    ask.chosen(node?.data ?? null, node);
  }

  function pressed(event) {
    const key = event.event.key;
    if ((key === "Enter" || key === " ") && event.column.getColId() === "suggestion" && offered(event.data)) {
      event.event.preventDefault();
      ask.accept(event.data, offered(event.data), event.node);
    }
  }

  const source = {
    async getRows(params) {
      try {
        const found = await read("rows", { ...ask.filters(), start: params.startRow, end: params.endRow });
        ask.counted(found.total);
        params.successCallback(found.rows, found.total);
        if (found.total === 0) api.showNoRowsOverlay();
        else api.hideOverlay();
        loaded += 1;
        setTimeout(() => focused(api.getFocusedCell() ?? { rowIndex: null }), 0);
        place.dataset.loaded = String(loaded);
      } catch (error) {
        params.failCallback();
        ask.failed(error);
      }
    },
  };

  return {
    api,
    /** Take the columns of the run; those in `first` come right after ours. */
    columns(headers, several, first = []) {
      const own = headers.map((header, i) => column(header, i));
      const front = own.filter((_, i) => first.includes(i));
      const back = own.filter((_, i) => !first.includes(i));
      api.setGridOption("columnDefs", [...fixed(several), ...front, ...back]);
    },
    /** Show the rows from the first one, as the filters say. */
    show() {
      api.setGridOption("datasource", source);
    },
    /** Ask again for the rows that are shown, without a jump. */
    again() {
      if (api.getEditingCells().length) waiting = true; // a cell that is being edited is not taken away
      else api.refreshInfiniteCache();
    },
    focus() {
      const at = api.getFirstDisplayedRowIndex?.() ?? 0;
      const one = api.getAllDisplayedColumns()[0];
      if (one && at >= 0) api.setFocusedCell(Math.max(0, at), one);
    },
  };

  function fixed(several) {
    const pinned = narrow.matches ? null : "left";
    return [
      { colId: "row", headerName: word("row"), width: 76, pinned, valueGetter: (p) => p.data?.row },
      ...(several ? [{ colId: "source", headerName: word("source"), width: 130, valueGetter: (p) => p.data?.source }] : []),
      { colId: "status", headerName: word("status"), width: 110, pinned, valueGetter: (p) => (p.data ? status(p.data.status) : ""),
        cellClassRules: { ok: (p) => p.data?.status === "ready", no: (p) => wrong(p.data).length > 0 } },
      { colId: "problem", headerName: word("problem"), width: narrow.matches ? 220 : 330,
        valueGetter: (p) => (p.data?.problems ?? []).map((one) => one.message).join(" · ") },
      { colId: "suggestion", headerName: word("suggestion"), width: 170, cellRenderer: (p) => suggestion(p) },
    ];
  }

  function suggestion(params) {
    const one = offered(params.data);
    if (!one) return "";
    return element("button", { class: "suggest", tabindex: "-1", type: "button", title: word("accept"),
      onclick: () => ask.accept(params.data, one, params.node) }, one.suggestion);
  }

  function column(header, i) {
    return {
      colId: `c${i}`, headerName: header || `#${i + 1}`, width: 160, editable: (p) => Boolean(p.data),
      cellDataType: false, cellEditor: "agTextCellEditor",
      valueGetter: (p) => p.data?.cells[i] ?? null,
      valueFormatter: (p) => shown(p, i),
      cellClassRules: {
        bad: (p) => wrong(p.data).some((one) => one.cells.includes(i)),
        warn: (p) => (p.data?.problems ?? []).some((one) => one.severity !== "error" && one.cells.includes(i)),
        edited: (p) => p.data?.edited.includes(i) ?? false,
      },
    };
  }

  function shown(params, i) {
    const text = params.value ?? "";
    const said = ask.once().find((one) => one.cell === i && one.value.trim().toLowerCase() === text.trim().toLowerCase());
    return said && params.data ? `${text} → ${said.replacement}` : text;
  }
}

