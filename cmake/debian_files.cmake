# Run by CPack between installing and packing: what Debian wants otherwise than `cmake --install` does it. Manual pages are
# compressed, completions of zsh have another folder, and each package has a changelog and says whose work it is.
find_program(gzip gzip REQUIRED)

# Without times in the result, so that the same files make the same package.
function(compress file)
  execute_process(COMMAND ${gzip} -9nf ${file} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

if(DEFINED ENV{SOURCE_DATE_EPOCH})
  execute_process(COMMAND date -u -R -d @$ENV{SOURCE_DATE_EPOCH} OUTPUT_VARIABLE date OUTPUT_STRIP_TRAILING_WHITESPACE)
else()
  execute_process(COMMAND date -R OUTPUT_VARIABLE date OUTPUT_STRIP_TRAILING_WHITESPACE)
endif()

foreach(component IN LISTS CPACK_COMPONENTS_ALL)
  string(TOUPPER ${component} COMPONENT)
  set(package ${CPACK_DEBIAN_${COMPONENT}_PACKAGE_NAME})
  set(root ${CPACK_TEMPORARY_DIRECTORY}/${component}${CPACK_PACKAGING_INSTALL_PREFIX})
  set(doc ${root}/share/doc/${package})

  file(GLOB pages ${root}/share/man/man*/*.[1-9])
  foreach(page IN LISTS pages)
    compress(${page})
  endforeach()

  if(EXISTS ${root}/share/zsh/site-functions)
    file(RENAME ${root}/share/zsh/site-functions ${root}/share/zsh/vendor-completions)
  endif()

  file(WRITE ${doc}/changelog "${package} (${CPACK_PACKAGE_VERSION}) unstable; urgency=medium

  * Version ${CPACK_PACKAGE_VERSION}; see README.md.

 -- ${CPACK_PACKAGE_CONTACT}  ${date}
")
  compress(${doc}/changelog)

  string(TIMESTAMP year %Y UTC)  # knows SOURCE_DATE_EPOCH
  set(terms "No licence is stated with the sources.\n")
  foreach(file IN LISTS CPACK_BERTH_LICENCE)
    file(READ ${file} terms)
  endforeach()
  file(WRITE ${doc}/copyright "Berth ${CPACK_PACKAGE_VERSION}

Copyright (C) ${year} the developers of Berth

${terms}")
endforeach()
