# Read by CPack when it makes packages: what libberth-dev depends on has other names in other releases of Debian, so the
# package of each file that was used is asked for.
set(folders)
foreach(folder IN LISTS CPACK_BERTH_DEVELOPMENT_NEEDS)
  if(folder)
    file(REAL_PATH ${folder} folder)
    list(APPEND folders ${folder})
  endif()
endforeach()
execute_process(COMMAND dpkg-query -S ${folders} OUTPUT_VARIABLE owners RESULT_VARIABLE failed)
if(failed)
  message(FATAL_ERROR "of no Debian package: one of ${folders}")
endif()
string(REGEX MATCHALL "(^|\n)[a-z0-9.+-]+" packages "${owners}")  # NAME[:ARCHITECTURE]: FOLDER
list(TRANSFORM packages STRIP)
list(REMOVE_DUPLICATES packages)
list(SORT packages)
list(JOIN packages ", " CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS)
