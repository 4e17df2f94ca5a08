/** @jsxImportSource preact */
import { Icon, type IconName } from "./icons.tsx";

const CHOICES: readonly {
  readonly value: "system" | "light" | "dark";
  readonly label: string;
  readonly icon: IconName;
}[] = [
  { value: "light", label: "Light", icon: "sun" },
  { value: "dark", label: "Dark", icon: "moon" },
  { value: "system", label: "As the system", icon: "screen" },
];

/** Light, dark, or as the system says, which is where everybody begins. Kept in the browser alone. */
export const ThemeSwitch = () => (
  // biome-ignore lint/a11y/useSemanticElements: a fieldset is for what is sent
  <div class="segments theme needs-script" role="group" aria-label="Colours">
    {CHOICES.map(({ value, label, icon }) => (
      <button key={value} type="button" data-theme-choice={value} aria-pressed={value === "system"} title={label}>
        <Icon name={icon} />
        <span class="unseen">{label}</span>
      </button>
    ))}
  </div>
);
