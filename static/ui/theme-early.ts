import { applyTheme } from "./browser/theme.ts";

applyTheme();
