from ai_impact.command import main

raise SystemExit(main())
