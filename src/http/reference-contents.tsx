/** @jsxImportSource preact */
import type { DocumentOperation, ReferenceSection } from "./openapi-types.ts";
import { Method, operationAnchor } from "./reference-operation.tsx";
import { webhookAnchor } from "./reference-webhooks.tsx";

export interface Placed {
  readonly method: string;
  readonly path: string;
  readonly operation: DocumentOperation;
}

export interface Chapter {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly operations: readonly Placed[];
}

export interface ContentsProps {
  readonly sections: readonly ReferenceSection[];
  readonly chapters: readonly Chapter[];
  readonly webhooks: readonly string[];
}

/** Everything on the page, in its order. With a script it can be narrowed, and says what is being read. */
export const Contents = ({ sections, chapters, webhooks }: ContentsProps) => (
  <>
    <div class="side-find needs-script">
      <input
        type="search"
        aria-label="Find an operation"
        placeholder="Find an operation"
        autocomplete="off"
        spellcheck={false}
        data-filters="contents"
        data-search-key="/"
      />
      <span class="keycap" aria-hidden="true">
        /
      </span>
    </div>
    <nav aria-label="Contents" data-spy="">
      <ul id="contents">
        <li>
          <a class="nav-chapter" href="#main">
            Basics
          </a>
          <ul>
            {sections.map(({ id, title }) => (
              <li key={id}>
                <a href={`#${id}`}>{title}</a>
              </li>
            ))}
            <li>
              <a href="#errors">Refusals</a>
            </li>
          </ul>
        </li>
        {chapters
          .filter(({ operations }) => operations.length > 0)
          .map(({ id, name, operations }) => (
            <li key={id}>
              <a class="nav-chapter" href={`#${id}`}>
                {name}
              </a>
              <ul>
                {operations.map(({ method, path, operation }) => (
                  <li key={operation.operationId} data-find={path}>
                    <a href={`#${operationAnchor(operation)}`}>
                      <Method method={method} />
                      <span>{operation.summary}</span>
                    </a>
                  </li>
                ))}
              </ul>
            </li>
          ))}
        {webhooks.length > 0 && (
          <li>
            <a class="nav-chapter" href="#outbound-events">
              Outbound events
            </a>
            <ul>
              {webhooks.map((name) => (
                <li key={name}>
                  <a href={`#${webhookAnchor(name)}`}>
                    <code>{name}</code>
                  </a>
                </li>
              ))}
            </ul>
          </li>
        )}
      </ul>
    </nav>
  </>
);

/** What a chapter holds, at its beginning. */
export const Index = ({ operations }: Pick<Chapter, "operations">) =>
  operations.length > 0 ? (
    <ul class="index">
      {operations.map(({ method, path, operation }) => (
        <li key={operation.operationId}>
          <a href={`#${operationAnchor(operation)}`}>
            <Method method={method} />
            <code>{path}</code>
          </a>
        </li>
      ))}
    </ul>
  ) : null;
