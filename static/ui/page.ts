import { startContents } from "./browser/contents.ts";
import { startCopying } from "./browser/copy.ts";
import { startDialogs } from "./browser/dialogs.ts";
import { startFilters } from "./browser/filter.ts";
import { startForms } from "./browser/forms.ts";
import { startMenus } from "./browser/menus.ts";
import { startReveals } from "./browser/reveal.ts";
import { startRows } from "./browser/rows.ts";
import { startSearchKey } from "./browser/search-key.ts";
import { startTabs } from "./browser/tabs.ts";
import { startThemes } from "./browser/theme.ts";
import { startTimes } from "./browser/times.ts";

// What every page may hold and no page needs: each listens at the document, so it also serves what an island adds later.
startThemes();
startCopying();
startTabs();
startRows();
startSearchKey();
startMenus();
startDialogs();
startForms();
startReveals();
startFilters();
startTimes();
startContents();
